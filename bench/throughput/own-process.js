import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseJson } from './json.js';

/**
 * @typedef {object} Work
 * @property {string} target an address or a directory
 * @property {number} jobs
 * @property {number} concurrency
 */

/**
 * Runs a script of this directory in a fresh process, so that no measurement bears another's memory.
 *
 * @param {string} script
 * @param {Work} work
 * @returns {Promise<number>} the seconds that it says it took
 */
export async function inOwnProcess(script, work) {
  const child = fork(join(import.meta.dirname, script), [JSON.stringify(work)]);
  /** @type {number | undefined} */
  let seconds;
  child.on('message', (message) => (seconds = Number(message)));
  await once(child, 'exit');
  if (seconds === undefined) throw new Error(`${script} failed`);
  return seconds;
}

/** The other end: does the work and tells how long it took. @param {(work: Work) => Promise<number>} run */
export async function whenForked(run) {
  const seconds = await run(/** @type {Work} */ (parseJson(process.argv[2] ?? '')));
  process.send?.(seconds);
  process.disconnect();
}
