import { type Statement } from '../database/engine.js';
import { labelSetText } from '../kernel/agent-labels.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';

/** A job that may be run now. */
export type RunnableJob = Pick<JobRow, 'id' | 'owner' | 'queueRank' | 'requires'>;

/** Jobs of one rank that require exactly the same labels. */
export interface Lane {
  /** A label set's text. */
  readonly requires: string;
  readonly rank: number;
}

/** The next of one user in a lane, by age. */
export interface Turn extends Lane {
  readonly owner: string;
  /** An id; younger jobs only. */
  readonly after: string;
}

const COLUMNS = 'id, owner, queue_rank AS queueRank, requires';
const IN_TIME = '(not_before IS NULL OR not_before <= ?) AND (expires_at IS NULL OR expires_at > ?)';

/**
 * The statement that finds the first jobs by rank, and of one rank by owner. One branch for each set of labels that such a job may
 * require, each a short range of the index in its order; together they are sorted once more. So it never walks over jobs
 * that wait for other agents, nor over the sets that those require.
 *
 * @param now ms since the epoch
 */
export function firstJobsStatement(
  target: SchemaTarget,
  { sets, limit, now }: { sets: readonly string[]; limit: number; now: number },
): Statement {
  const branch = `SELECT ${COLUMNS} FROM ${jobsByDispatch(target)}
    WHERE state = 'queued' AND requires = ? AND ${IN_TIME} ORDER BY queue_rank, owner, id LIMIT ${limit}`;
  const parameters = sets.flatMap((set) => [set, now, now]);
  if (sets.length === 1) return { sql: branch, parameters };
  const branches = sets.map(() => `SELECT * FROM (${branch}) b`).join(' UNION ALL ');
  return { sql: `SELECT * FROM (${branches}) w ORDER BY queueRank, owner, id LIMIT ${limit}`, parameters };
}

/** The statement that finds the first lane of each label set from a rank on. */
export function lanesStatement(target: SchemaTarget, sets: readonly string[], fromRank: number): Statement {
  const branch = `SELECT * FROM (SELECT requires, queue_rank AS queueRank FROM ${jobsByDispatch(target)}
    WHERE state = 'queued' AND requires = ? AND queue_rank >= ? ORDER BY queue_rank LIMIT 1) b`;
  return {
    sql: sets.map(() => branch).join(' UNION ALL '),
    parameters: sets.flatMap((set) => [set, fromRank]),
  };
}

/** The statement that finds whose jobs wait in a lane, from after an owner on, at a price that does not grow with what each has there. */
export function ownersStatement(
  target: SchemaTarget,
  { requires, rank }: Lane,
  { after, limit }: { after: string; limit: number },
): Statement {
  const inLane = "state = 'queued' AND requires = ? AND queue_rank = ?";
  const jobs = `${target.tablePrefix}jobs`;
  if (target.dialect === 'mysql') {
    // By the whole beginning of the index, and in the columns' own collations, or it would not jump from one owner to the next.
    return {
      sql: `SELECT owner FROM ${jobs} FORCE INDEX FOR GROUP BY (\`${target.tablePrefix}job_dispatch\`)
        WHERE state = 'queued' COLLATE utf8mb4_bin AND requires = CONVERT(? USING ascii) COLLATE ascii_bin AND queue_rank = ?
          AND owner > ? COLLATE utf8mb4_bin
        GROUP BY state, requires, queue_rank, owner LIMIT ${limit}`,
      parameters: [requires, rank, after],
    };
  }
  return {
    sql: `WITH RECURSIVE found(owner) AS (
        SELECT (SELECT owner FROM ${jobs} WHERE ${inLane} AND owner > ? ORDER BY owner LIMIT 1)
        UNION ALL
        SELECT (SELECT j.owner FROM ${jobs} j WHERE ${inLane} AND j.owner > found.owner ORDER BY j.owner LIMIT 1)
        FROM found WHERE found.owner IS NOT NULL LIMIT ${limit}
      ) SELECT owner FROM found WHERE owner IS NOT NULL`,
    parameters: [requires, rank, after, requires, rank],
  };
}

/** The statement that finds the next `limit` jobs of each turn. */
export function turnsStatement(
  target: SchemaTarget,
  turns: readonly Turn[],
  { limit, now }: { limit: number; now: number },
): Statement {
  const branch = `SELECT * FROM (SELECT ${COLUMNS} FROM ${jobsByDispatch(target)}
    WHERE state = 'queued' AND requires = ? AND queue_rank = ? AND owner = ? AND id > ? AND ${IN_TIME}
    ORDER BY id LIMIT ?) b`;
  return {
    sql: turns.map(() => branch).join(' UNION ALL '),
    parameters: turns.flatMap(({ requires, rank, owner, after }) => [
      requires,
      rank,
      owner,
      after,
      now,
      now,
      limit,
    ]),
  };
}

/** Each set of some of the labels, or none, as a row has it. */
export function subsetsOf(labels: readonly string[]): string[] {
  const subsets = labels.reduce<string[][]>(
    (sets, label) => [...sets, ...sets.map((set) => [...set, label])],
    [[]],
  );
  return subsets.map(labelSetText);
}

function jobsByDispatch({ dialect, tablePrefix }: SchemaTarget): string {
  const force = dialect === 'mysql' ? ` FORCE INDEX (\`${tablePrefix}job_dispatch\`)` : '';
  return `${tablePrefix}jobs${force}`;
}
