import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { call } from './api.js';
import { idOf, insertJobs } from './bulk-jobs.js';

const CREATED_AT = Date.UTC(2020);

/**
 * Puts a job first into the queue of a service that has not started yet: it takes a place and waits on a pipe, at no
 * cost of CPU.
 *
 * @param {import('./bulk-jobs.js').BulkDatabase} database
 * @param {string} path of a pipe to be made
 * @returns {Promise<{ held: (url: string) => Promise<void>, release: () => Promise<void> }>} `held` waits until the service
 *   at `url` runs it; `release` ends it
 */
export async function holdPlace(database, path) {
  execFileSync('mkfifo', [path]);
  const columns = { command: `'cat ${path}'`, queue_rank: '-1000' };
  await insertJobs(database, { count: 1, createdAt: `${CREATED_AT}`, columns });
  const held = async (/** @type {string} */ url) => {
    while ((await call('GET', `${url}/job_info/${idOf(CREATED_AT, 1)}`)).state !== 'running') await delay(20);
  };
  return { held, release: () => open(path, 'w').then((pipe) => pipe.close()) };
}
