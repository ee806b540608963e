import { createHmac } from 'node:crypto';
import { jobInfoOf } from '../api/job-info.js';
import { type JobView } from '../job.types.js';

/** What is posted, the same at each try but for its time and signature. */
export interface WebhookMessage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const SECRET_PREFIX = 'whsec_';

/**
 * A message as Standard Webhooks has it (https://www.standardwebhooks.com): `webhook-id` is the job's, since a job ends once.
 *
 * @param secret `whsec_` and base64; undefined: it is not signed
 * @param now ms since the epoch
 */
export function messageOf(job: JobView, secret: string | undefined, now: number): WebhookMessage {
  // Not how the telling goes, which is another thing at each try.
  const data = { ...jobInfoOf(job), webhook: undefined };
  const timestamp = String(Math.floor(now / 1_000));
  const body = JSON.stringify({ type: `job.${job.state}`, timestamp: data.finished_at, data });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': job.id,
    'webhook-timestamp': timestamp,
  };
  if (secret === undefined) return { body, headers };
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  const digest = createHmac('sha256', key).update(`${job.id}.${timestamp}.${body}`).digest('base64');
  return { body, headers: { ...headers, 'webhook-signature': `v1,${digest}` } };
}
