import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The job that all benchmarks run, as a Node program does it that keeps nothing of it: a shell in a directory of its own, its
 * standard output in a file there, and the directory removed.
 *
 * @template [Kept=void]
 * @param {string} directory to be made
 * @param {string} command
 * @param {(stdoutPath: string) => Promise<Kept> | undefined} [keep] what is done with the output before it is removed
 * @returns {Promise<Kept | undefined>}
 */
export async function jobInNode(directory, command, keep = () => undefined) {
  await mkdir(directory);
  const stdoutPath = join(directory, 'stdout');
  const output = await open(stdoutPath, 'w');
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: directory,
    stdio: ['ignore', output.fd, 'ignore'],
  });
  await once(child, 'exit');
  await output.close();
  const kept = await keep(stdoutPath);
  await rm(directory, { recursive: true });
  if (child.exitCode !== 0) throw new Error(`the command of ${directory} failed`);
  return kept;
}
