import { readFileSync, readdirSync } from 'node:fs';

const WITHIN_MS = 5_000;
const BETWEEN = new Int32Array(new SharedArrayBuffer(4));

/**
 * Stops a process; returns once each of its threads is stopped. A thread that runs when the signal is sent goes on until it
 * is told, and may still answer.
 *
 * @param {number} pid
 * @throws where it runs on for 5 s
 */
export function freeze(pid) {
  process.kill(pid, 'SIGSTOP');
  const deadline = performance.now() + WITHIN_MS;
  while (!isStopped(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} does not stop`);
    Atomics.wait(BETWEEN, 0, 0, 1);
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
export function isStopped(pid) {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    try {
      // As in proc(5); the name before it may have any character.
      return /.*\) [TZX]/su.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'));
    } catch {
      return true; // it ended since it was listed
    }
  });
}
