import { setTimeout as delay } from 'node:timers/promises';
import { body, call, CONNECTIONS, hangUp } from '../api.js';
import { whenForked } from '../own-process.js';

/** Every so-manieth job prints its number, and what came back is compared. */
const CHECKED_EVERY = 20;
/** Looking costs the service time that the jobs should have; a round takes about a hundred times as long. */
const LOOK_AGAIN_MS = 20;

await whenForked(async ({ target, jobs }) => {
  const start = performance.now();
  const ids = await submit(target, jobs);
  await ended(target, ids);
  const seconds = (performance.now() - start) / 1000;
  await check(target, ids);
  hangUp();
  return seconds;
});

/**
 * @param {string} url
 * @param {number} jobs
 */
async function submit(url, jobs) {
  /** @type {string[]} */
  const ids = [];
  let next = 0;
  const connection = async () => {
    for (let index = next++; index < jobs; index = next++) {
      const command = index % CHECKED_EVERY === 0 ? `echo ${index}` : 'true';
      ids[index] = (await call('POST', `${url}/run`, { command })).job_id;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return ids;
}

/** Asks for little: for the last job by its key, and only then whether any is left. */
async function ended(/** @type {string} */ url, /** @type {string[]} */ ids) {
  const last = ids.at(-1);
  while (!['succeeded', 'failed'].includes((await call('GET', `${url}/job_info/${last}`)).state)) {
    await delay(LOOK_AGAIN_MS);
  }
  const active = `${url}/list_jobs?state=queued&state=staging&state=running&limit=1`;
  while ((await call('GET', active)).job_ids.length > 0) await delay(2);
}

/** Fails unless each job has succeeded and the answers are right. */
async function check(/** @type {string} */ url, /** @type {string[]} */ ids) {
  const missing = new Set(ids);
  for (let token = ''; missing.size > 0;) {
    const page = await call('GET', `${url}/list_jobs?state=succeeded&limit=1000${token}`);
    for (const id of page.job_ids) missing.delete(id);
    if (page.next_page_token === null) break;
    token = `&page_token=${page.next_page_token}`;
  }
  if (missing.size > 0) throw new Error(`these jobs have not succeeded: ${[...missing].join(', ')}`);
  for (let index = 0; index < ids.length; index += CHECKED_EVERY) {
    const { answer_id: answer } = await call('GET', `${url}/job_info/${ids[index]}`);
    const printed = await body('GET', `${url}/files/${answer}/data`);
    if (printed !== `${index}\n`) throw new Error(`job ${ids[index]} answered ${JSON.stringify(printed)}`);
  }
}
