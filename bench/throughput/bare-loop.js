import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whenForked } from './own-process.js';

await whenForked(async ({ target, jobs, concurrency }) => {
  await mkdir(target, { recursive: true });
  let next = 0;
  const worker = async () => {
    while (next < jobs) await oneJob(join(target, String(next++)));
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - start) / 1000;
});

/** @param {string} directory */
async function oneJob(directory) {
  await mkdir(directory);
  const output = await open(join(directory, 'stdout'), 'w');
  const child = spawn('/bin/sh', ['-c', 'true'], { cwd: directory, stdio: ['ignore', output.fd, 'ignore'] });
  await once(child, 'exit');
  await output.close();
  await rm(directory, { recursive: true });
  if (child.exitCode !== 0) throw new Error(`the command of ${directory} failed`);
}
