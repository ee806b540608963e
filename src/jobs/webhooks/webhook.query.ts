import { type Statement } from '../../database/engine.js';
import { type SchemaTarget } from '../job.entity.js';
import { GONE_STATES, type JobState } from '../job.states.js';
import { stateIn } from '../job.tombstone.js';

type Target = Pick<SchemaTarget, 'tablePrefix'>;

/** Who is to be told of the end of a job that is accepted with it. */
export function awaitEndStatement({ tablePrefix }: Target, jobId: string, url: string): Statement {
  return {
    sql: `INSERT INTO ${tablePrefix}webhooks (job_id, url, state, tries) VALUES (?, ?, 'waiting', 0)`,
    parameters: [jobId, url],
  };
}

/** To be told of an end from `now` on; changes nothing where the change of state before it did not. */
export function oweStatement(
  { tablePrefix }: Target,
  jobId: string,
  { state, now }: { state: JobState; now: number },
): Statement {
  return {
    sql: `UPDATE ${tablePrefix}webhooks SET state = 'pending', due_at = ? WHERE job_id = ? AND state = 'waiting'
      AND EXISTS (SELECT 1 FROM ${tablePrefix}jobs WHERE id = ? AND state = ?)`,
    parameters: [now, jobId, jobId, state],
  };
}

/** Of jobs that are gone nobody is told any more; of those among them that are still there, all stays. */
export function forgetWebhooksStatement({ tablePrefix }: Target, jobIds: readonly string[]): Statement {
  return {
    sql: `DELETE FROM ${tablePrefix}webhooks WHERE job_id IN (${jobIds.map(() => '?').join(', ')})
      AND NOT EXISTS (SELECT 1 FROM ${tablePrefix}jobs WHERE id = job_id AND NOT ${stateIn(GONE_STATES)})`,
    parameters: jobIds,
  };
}
