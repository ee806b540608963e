import { type Database } from '../database/database.js';
import { type Dialect } from '../database/dialect.js';
import { type Statement } from '../database/engine.js';
import { hasAll, labelsIn } from '../kernel/agent-labels.js';

/** Of one statement: MySQL and MariaDB end a recursion after 1,000 steps, SQLite a union after 500 branches. */
const SETS_AT_ONCE = 400;

interface Target {
  readonly dialect: Dialect;
  readonly tablePrefix: string;
}

/** A job that may be run now. */
export interface RunnableJob {
  readonly id: string;
  readonly queueRank: number;
  /** As the row has it. */
  readonly requires: string;
}

interface Wish {
  readonly limit: number;
  /** Of the agent. */
  readonly labels: readonly string[];
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The first jobs that an agent with certain labels may run, in their order. It looks at each set of labels that waiting
 * jobs require, of which there are few, and never walks over jobs that wait for other agents.
 */
export async function nextRunnable(database: Database, target: Target, wish: Wish): Promise<RunnableJob[]> {
  const sets = (await requiredSets(database, target)).filter((set) => hasAll(wish.labels, labelsIn(set)));
  const found: RunnableJob[] = [];
  for (let start = 0; start < sets.length; start += SETS_AT_ONCE) {
    const some = sets.slice(start, start + SETS_AT_ONCE);
    found.push(...(await database.rows<RunnableJob>(runnableStatement(target, some, wish))));
  }
  return sets.length <= SETS_AT_ONCE ? found : found.sort(inOrder).slice(0, wish.limit);
}

/** Each set once: by jumps from one to the next in the index, however many jobs require it. */
async function requiredSets(database: Database, { tablePrefix }: Target): Promise<string[]> {
  const sets: string[] = [];
  for (;;) {
    const last = sets.at(-1);
    const rows = await database.rows<{ label_set: string }>({
      sql: `WITH RECURSIVE sets (label_set, step) AS (
          SELECT MIN(requires), 1 FROM ${tablePrefix}jobs
            WHERE state = 'queued' ${last === undefined ? '' : 'AND requires > ?'}
          UNION ALL
          SELECT (SELECT MIN(j.requires) FROM ${tablePrefix}jobs j
            WHERE j.state = 'queued' AND j.requires > sets.label_set), sets.step + 1
          FROM sets WHERE sets.label_set IS NOT NULL AND sets.step < ${SETS_AT_ONCE}
        ) SELECT label_set FROM sets WHERE label_set IS NOT NULL`,
      parameters: last === undefined ? [] : [last],
    });
    sets.push(...rows.map(({ label_set }) => label_set));
    if (rows.length < SETS_AT_ONCE) return sets;
  }
}

/** One branch for each set, each a short range of the index in its order; together they are sorted once more. */
function runnableStatement(target: Target, sets: readonly string[], { limit, now }: Wish): Statement {
  const force = target.dialect === 'mysql' ? `FORCE INDEX (\`${target.tablePrefix}job_dispatch\`)` : '';
  const branch = `SELECT id, queue_rank AS queueRank, requires FROM ${target.tablePrefix}jobs ${force}
    WHERE state = 'queued' AND requires = ? AND (not_before IS NULL OR not_before <= ?)
      AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY queue_rank, id LIMIT ${limit}`;
  const parameters = sets.flatMap((set) => [set, now, now]);
  if (sets.length === 1) return { sql: branch, parameters };
  const branches = sets.map(() => `SELECT * FROM (${branch}) b`).join(' UNION ALL ');
  return {
    sql: `SELECT * FROM (${branches}) w ORDER BY queueRank, id LIMIT ${limit}`,
    parameters,
  };
}

function inOrder(a: RunnableJob, b: RunnableJob): number {
  return a.queueRank - b.queueRank || (a.id < b.id ? -1 : 1);
}
