import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../shared/api.js';

/** Jobs that each service accepts in a second. */
const RATE = 40;

/** @typedef {{ url: string, ids: string[], times: number[], release: () => Promise<void> }} Target `times`: ms */

/**
 * Starts a job on each in turns, at a steady rate whatever the answers take, for `forMs`.
 *
 * @param {readonly Target[]} targets
 * @param {number} forMs
 */
export async function acceptInTurns(targets, forMs) {
  const pending = [];
  const start = performance.now();
  const pauseMs = 1_000 / RATE / targets.length;
  for (let count = 0; performance.now() - start < forMs; count += 1) {
    const target = targets[count % targets.length];
    if (target) pending.push(accept(target));
    await delay(start + (count + 1) * pauseMs - performance.now());
  }
  await Promise.all(pending);
}

/** @param {Target} target */
async function accept({ url, ids, times }) {
  const start = performance.now();
  ids.push((await call('POST', `${url}/run`, { command: 'true', priority: 1 })).job_id);
  times.push(performance.now() - start);
}

/** Frees the place, and waits until all that was accepted has succeeded. @param {Target} target */
export async function succeeded({ url, ids, release }) {
  await release();
  for (const id of ids) {
    for (;;) {
      const { state } = await call('GET', `${url}/job_info/${id}`);
      if (state === 'succeeded') break;
      if (['failed', 'cancelled'].includes(state)) throw new Error(`job ${id} is ${state}`);
      await delay(20);
    }
  }
}
