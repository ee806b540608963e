import { Connection } from '../shared/connection.js';
import { parseJson } from '../shared/json.js';
import { whenForked } from '../shared/own-process.js';

/** @typedef {import('../shared/api.js').Reply} Reply */
/**
 * @typedef {object} Times in ms
 * @property {number[]} accept of each `POST /run`
 * @property {number[]} info of each `GET /job_info`
 * @property {number[]} job of each job, from the call until the caller knows that it has succeeded
 */

/** @type {Connection | undefined} */
let connection;

await whenForked(async (/** @type {{ target: string, forMs: number }} */ { target, forMs }) => {
  connection ??= await Connection.open(target);
  /** @type {Times} */
  const times = { accept: [], info: [], job: [] };
  const end = performance.now() + forMs;
  while (performance.now() < end) await oneJob(connection, times);
  return times;
});

/** @param {Connection} kept @param {Times} times */
async function oneJob(kept, times) {
  const start = performance.now();
  const { job_id: id } = await timed(times.accept, kept.request('POST', '/run', { command: 'true' }));
  for (;;) {
    const { state } = await timed(times.info, kept.request('GET', `/job_info/${id}`));
    if (state === 'succeeded') break;
    if (!['queued', 'staging', 'running'].includes(state)) throw new Error(`job ${id} is ${state}`);
  }
  times.job.push(performance.now() - start);
}

/** @param {number[]} times @param {Promise<{ status: number, body: string }>} answer */
async function timed(times, answer) {
  const start = performance.now();
  const { status, body } = await answer;
  times.push(performance.now() - start);
  if (status >= 300) throw new Error(`${status} ${body}`);
  return /** @type {Reply} */ (parseJson(body));
}
