import { Connection } from '../shared/connection.js';
import { parseJson } from '../shared/json.js';
import { whenForked } from '../shared/own-process.js';

/** @typedef {import('../shared/api.js').Reply} Reply */
/**
 * @typedef {object} Times in ms
 * @property {number[]} accept of each `POST /run`
 * @property {number[]} info of `GET /job_info` of jobs that have ended
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

/** What is asked while it runs is not timed: it waits for what the job itself has the service do. @param {Connection} kept @param {Times} times */
async function oneJob(kept, times) {
  const start = performance.now();
  const { job_id: id } = await timed(times.accept, kept.request('POST', '/run', { command: 'true' }));
  const ask = () => kept.request('GET', `/job_info/${id}`);
  for (;;) {
    const { state } = await timed([], ask());
    if (state === 'succeeded') break;
    if (!['queued', 'staging', 'running'].includes(state)) throw new Error(`job ${id} is ${state}`);
  }
  times.job.push(performance.now() - start);
  for (let count = 0; count < 3; count += 1) await timed(times.info, ask());
}

/** @param {number[]} times @param {Promise<{ status: number, body: string }>} answer */
async function timed(times, answer) {
  const start = performance.now();
  const { status, body } = await answer;
  times.push(performance.now() - start);
  if (status >= 300) throw new Error(`${status} ${body}`);
  return /** @type {Reply} */ (parseJson(body));
}
