import { stateIn } from '../../jobs/job.tombstone.js';
import { ALL_STATES, isFinished } from '../../jobs/job.states.js';
import { type Check, type Disagreement } from '../check.js';
import { type JobTable } from './job-table.js';

/** Who is to be told of the ends of jobs. */
export function webhookChecks(table: JobTable): Check[] {
  return [
    { name: 'webhooks that wait for the end of a job that has ended', find: () => untold(table) },
    { name: 'webhooks of jobs that are not there', find: () => strays(table) },
  ];
}

/** As after an upgrade, in which a server that knew no webhooks ended the job of one that did. */
async function* untold(table: JobTable): AsyncGenerator<Disagreement> {
  const waits = `SELECT 1 FROM ${table.webhooks} w WHERE w.job_id = id AND w.state = 'waiting' AND w.due_at IS NULL`;
  const ended = `${stateIn(ALL_STATES.filter(isFinished))} AND EXISTS (${waits})`;
  for await (const { id } of table.select('id', ended)) {
    const owing = {
      sql: `UPDATE ${table.webhooks} SET state = 'pending', due_at = ? WHERE job_id = ? AND state = 'waiting'`,
      parameters: [Date.now(), id],
    };
    yield {
      text: `Nobody was told of the end of job ${id}, which has a webhook.`,
      mend: () => table.atomically([owing]),
    };
  }
}

async function* strays(table: JobTable): AsyncGenerator<Disagreement> {
  const isThere = `SELECT 1 FROM ${table.jobs} j WHERE j.id = w.job_id`;
  const sql = `SELECT w.job_id AS id FROM ${table.webhooks} w WHERE NOT EXISTS (${isThere})`;
  for (const { id } of await table.database.rows<{ id: string }>({ sql, parameters: [] })) {
    const removal = { sql: `DELETE FROM ${table.webhooks} WHERE job_id = ?`, parameters: [id] };
    yield {
      text: `A webhook is of job ${id}, which is not there.`,
      mend: () => table.atomically([removal]),
    };
  }
}
