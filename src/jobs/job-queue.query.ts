import { type Statement } from '../database/engine.js';
import { labelSetText } from '../kernel/agent-labels.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';

/** A job that may be run now. */
export type RunnableJob = Pick<JobRow, 'id' | 'queueRank' | 'requires'>;

interface Wish {
  readonly limit: number;
  /** Of the agent, of which there are few: each doubles what is looked for. */
  readonly labels: readonly string[];
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The statement that finds the first jobs that an agent with certain labels may run, in their order. One branch for each set of
 * labels that such a job may require, each a short range of the index in its order; together they are sorted once more. So it
 * never walks over jobs that wait for other agents, nor over the sets that those require.
 */
export function runnableStatement(target: SchemaTarget, { limit, labels, now }: Wish): Statement {
  const sets = subsetsOf(labels);
  const force = target.dialect === 'mysql' ? `FORCE INDEX (\`${target.tablePrefix}job_dispatch\`)` : '';
  const branch = `SELECT id, queue_rank AS queueRank, requires FROM ${target.tablePrefix}jobs ${force}
    WHERE state = 'queued' AND requires = ? AND (not_before IS NULL OR not_before <= ?)
      AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY queue_rank, id LIMIT ${limit}`;
  const parameters = sets.flatMap((set) => [set, now, now]);
  if (sets.length === 1) return { sql: branch, parameters };
  const branches = sets.map(() => `SELECT * FROM (${branch}) b`).join(' UNION ALL ');
  return { sql: `SELECT * FROM (${branches}) w ORDER BY queueRank, id LIMIT ${limit}`, parameters };
}

/** Each set of some of the labels, or none, as a row has it. */
function subsetsOf(labels: readonly string[]): string[] {
  const subsets = labels.reduce<string[][]>(
    (sets, label) => [...sets, ...sets.map((set) => [...set, label])],
    [[]],
  );
  return subsets.map(labelSetText);
}
