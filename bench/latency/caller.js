import { Connection } from '../shared/connection.js';
import { parseJson } from '../shared/json.js';
import { whenForked } from '../shared/own-process.js';

/** @typedef {import('../shared/api.js').Reply} Reply */
/**
 * @typedef {object} Times of each job, in ms
 * @property {number[]} seen from the call until the caller knows the end
 * @property {number[]} told from acceptance to the end, as `job_info` tells them: whole ms; none for a peer
 */

/** @type {Connection | undefined} */
let connection;

await whenForked(async (/** @type {{ target: string, jobs: number }} */ { target, jobs }) => {
  connection ??= await Connection.open(target);
  /** @type {Times} */
  const times = { seen: [], told: [] };
  for (let index = 0; index < jobs; index += 1) {
    const start = performance.now();
    const job = await oneJob(connection);
    times.seen.push(performance.now() - start);
    times.told.push(Date.parse(job.finished_at ?? '') - Date.parse(job.created_at ?? ''));
  }
  return times;
});

/** Asks once, to be answered at the end. @param {Connection} kept */
async function oneJob(kept) {
  const job = reply(await kept.request('POST', '/run', { command: 'true' }, 'prefer: wait=60\r\n'));
  if (job.state !== 'succeeded') throw new Error(`job ${job.job_id} is ${job.state}`);
  return job;
}

/** @param {{ status: number, body: string }} answer */
function reply({ status, body }) {
  if (status >= 300) throw new Error(`${status} ${body}`);
  return /** @type {Reply} */ (parseJson(body));
}
