import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** For Node, so that {@link settled} can collect the garbage of that process. */
export const SETTLES = ['--expose-gc', '--require', join(import.meta.dirname, 'settle.cjs')];

/**
 * The resident memory of a process after its garbage was collected: the least of several looks.
 *
 * @param {number} pid started with {@link SETTLES}
 * @returns {Promise<number>} MB
 */
export async function settled(pid) {
  const looks = [];
  for (let look = 0; look < 5; look += 1) {
    process.kill(pid, 'SIGUSR2');
    await delay(400);
    looks.push(await resident(pid));
  }
  return Math.min(...looks);
}

/** @param {number} pid */
async function resident(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}
