import { labelText } from '../../jobs/job-label.query.js';
import { outcomesOfRows } from '../../jobs/job-label.outcome.js';
import { GONE_STATES, type JobState } from '../../jobs/job.states.js';
import { stateIn } from '../../jobs/job.tombstone.js';
import { type Check, type Disagreement } from '../check.js';
import { type JobTable } from './job-table.js';

interface LabelledJob {
  readonly id: string;
  readonly state: JobState;
  readonly owner: string;
  readonly labels: string;
}

/** What `list_jobs` finds jobs by, beside what they say themselves. */
export function labelChecks(table: JobTable): Check[] {
  return [
    { name: 'labels of jobs that have none, or are not there', find: () => strayLabels(table) },
    { name: 'jobs that are not found by their labels', find: () => unlistedJobs(table) },
  ];
}

async function* strayLabels(table: JobTable): AsyncGenerator<Disagreement> {
  const has = (id: string): string =>
    `SELECT 1 FROM ${table.jobs} j WHERE j.id = ${id} AND j.labels IS NOT NULL`;
  const sql = `SELECT DISTINCT l.job_id AS id FROM ${table.labels} l WHERE NOT EXISTS (${has('l.job_id')})`;
  for (const { id } of await table.database.rows<{ id: string }>({ sql, parameters: [] })) {
    const removal = {
      sql: `DELETE FROM ${table.labels} WHERE job_id = ? AND NOT EXISTS (${has('?')})`,
      parameters: [id, id],
    };
    yield {
      text: `Labels lead to job ${id}, which has none, or is not there.`,
      mend: () => table.atomically([removal]),
    };
  }
}

async function* unlistedJobs(table: JobTable): AsyncGenerator<Disagreement> {
  const jobs = table.select<LabelledJob>(
    'id, state, owner, labels',
    `labels IS NOT NULL AND NOT ${stateIn(GONE_STATES)}`,
  );
  for await (const job of jobs) {
    const wanted = rowsOf(job);
    const rows = await table.database.rows<{ owner: string; label: string; outcome: string }>({
      sql: `SELECT owner, label, outcome FROM ${table.labels} WHERE job_id = ?`,
      parameters: [job.id],
    });
    const found = new Set(rows.map(({ owner, label, outcome }) => JSON.stringify([owner, label, outcome])));
    const isRight = found.size === wanted.length && wanted.every((row) => found.has(JSON.stringify(row)));
    if (isRight) continue;
    yield {
      text: `Job ${job.id} is not found by its labels as it should be.`,
      mend: () => listAnew(table, job, wanted),
    };
  }
}

type LabelRow = readonly [owner: string, label: string, outcome: string];

function rowsOf({ owner, labels, state }: LabelledJob): LabelRow[] {
  const pairs = Object.entries(JSON.parse(labels) as Record<string, string>);
  return pairs.flatMap(([key, value]) =>
    outcomesOfRows(state).map((outcome) => [owner, labelText(key, value), outcome] as const),
  );
}

/** Nothing where the job has gone on meanwhile: then it was listed anew already. */
async function listAnew(
  table: JobTable,
  { id, state }: LabelledJob,
  rows: readonly LabelRow[],
): Promise<void> {
  const isStillSo = `EXISTS (SELECT 1 FROM ${table.jobs} j WHERE j.id = ? AND j.state = ?)`;
  const removal = {
    sql: `DELETE FROM ${table.labels} WHERE job_id = ? AND ${isStillSo}`,
    parameters: [id, id, state],
  };
  const additions = rows.map((row) => ({
    sql: `INSERT INTO ${table.labels} (owner, label, outcome, job_id)
      SELECT ?, ?, ?, j.id FROM ${table.jobs} j WHERE j.id = ? AND j.state = ?`,
    parameters: [...row, id, state],
  }));
  await table.atomically([removal, ...additions]);
}
