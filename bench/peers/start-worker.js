import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ownProcess } from '../shared/own-process.js';

const SCRIPT = join(import.meta.dirname, 'worker.js');

/**
 * A peer's worker in a process of its own.
 *
 * @param {{ name: string, module: string, target: string, directory: string, concurrency: number }} options `module`:
 *   beside this one
 * @returns {Promise<{ end: () => Promise<void> }>}
 */
export async function startWorker({ name, module, target, directory, concurrency }) {
  const jobs = join(directory, `jobs of ${name}`);
  await mkdir(jobs);
  /** @type {import('../shared/own-process.js').OwnProcess<import('./queue.js').WorkerOrder, string>} */
  const worker = ownProcess(SCRIPT, [module]);
  await worker.run({ target, directory: jobs, concurrency });
  return worker;
}
