import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compiled } from '../shared/compiled.js';

const SOURCE = join(import.meta.dirname, 'vfork-loop.c');
const execute = promisify(execFile);

/**
 * @param {string} directory for the program and its jobs
 * @returns {Promise<((jobs: number, concurrency: number) => Promise<number>) | undefined>} does so many jobs, and tells the
 *   seconds; undefined where there is no compiler
 */
export async function compileCLoop(directory) {
  await mkdir(directory);
  const program = join(directory, 'vfork-loop');
  if (!(await compiled(SOURCE, program))) return undefined;
  return async (jobs, concurrency) => {
    const { stdout } = await execute(program, [directory, String(jobs), String(concurrency)]);
    return Number(stdout);
  };
}
