import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jobInNode } from '../shared/job-in-node.js';
import { whenForked } from '../shared/own-process.js';

await whenForked(async ({ target, jobs, concurrency }) => {
  await mkdir(target, { recursive: true });
  let next = 0;
  const worker = async () => {
    while (next < jobs) await jobInNode(join(target, String(next++)), 'true');
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - start) / 1000;
});
