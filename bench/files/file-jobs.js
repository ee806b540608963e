import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../shared/api.js';

const LOOK_AGAIN_MS = 5;

/**
 * Runs one job to its end.
 *
 * @param {string} url of the service
 * @param {{ command: string, input_files?: string[], output_files?: string[] }} job
 */
export async function runJob(url, job) {
  const { job_id: id } = await call('POST', `${url}/run`, job);
  for (;;) {
    const info = await call('GET', `${url}/job_info/${id}`);
    if (info.state === 'succeeded') return info;
    if (info.state === 'failed') throw new Error(`the job failed: ${JSON.stringify(info)}`);
    await delay(LOOK_AGAIN_MS);
  }
}

/** Removes the job, and waits until a file of it is gone: the next round needs the disk. */
export async function removeJob(
  /** @type {string} */ url,
  /** @type {string} */ id,
  /** @type {string} */ file,
) {
  await call('DELETE', `${url}/delete?job_id=${id}`);
  while (await exists(`${url}/files/${file}/info`)) await delay(LOOK_AGAIN_MS);
}

/** @param {string} url */
async function exists(url) {
  const response = await fetch(url);
  await response.arrayBuffer();
  return response.status !== 404;
}
