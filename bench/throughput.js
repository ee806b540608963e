/**
 * Jobs per second, from `POST /run` of `true` over HTTP to `succeeded`, beside the least that the same work takes: a bare
 * Node loop of mkdir, spawn, wait, rm; and the same loop in C, with vfork. `CONCURRENCY`: commands at once. `LAUNCHER`: that one alone.
 */
import { join } from 'node:path';
import { inDirectory } from './shared/directory.js';
import { jobsPerSecond, loadOf } from './shared/load.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';
import { startService, startServices } from './shared/services.js';
import { compileCLoop } from './throughput/c-loop.js';

const CONCURRENCY = Number(process.env.CONCURRENCY ?? 2);
const BARE_LOOP = join(import.meta.dirname, 'throughput', 'bare-loop.js');

/** What a machine without a C compiler has. */
const WITHOUT_COMPILER = { name: 'SQLite, launcher in Node', env: { LAUNCHER: 'node' } };

await inDirectory(async (directory) => {
  const options = { directory, concurrency: CONCURRENCY };
  const services = await startServices(options);
  if (process.env.LAUNCHER === undefined)
    services.push(await startService({ ...options, ...WITHOUT_COMPILER }));
  const loads = services.map(loadOf);
  const bare = bareLoop(join(directory, 'bare'));
  const cLoop = await compileCLoop(join(directory, 'c'));
  const yardsticks = [bare, ...(cLoop ? [jobsPerSecond('C loop', (jobs) => cLoop(jobs, CONCURRENCY))] : [])];
  if (!cLoop) console.log('No C compiler is on PATH: without the loop in C.');
  console.log(`${CONCURRENCY} commands at once; every job succeeded, every 20th answer compared`);
  const figures = await interleaved([...yardsticks, ...loads], { atMost: 7, enoughMs: 60_000, warmUp: 4 });
  report('throughput', 'jobs/s', figures, yardsticks.length);
  for (const { end } of [bare, ...loads]) await end();
  for (const { stop } of services) await stop();
});

/** @param {string} target directory */
function bareLoop(target) {
  /** @type {import('./shared/own-process.js').OwnProcess<import('./shared/own-process.js').Work, number>} */
  const loop = ownProcess(BARE_LOOP);
  const seconds = (/** @type {number} */ jobs) => loop.run({ target, jobs, concurrency: CONCURRENCY });
  return { ...jobsPerSecond('bare loop', seconds), end: loop.end };
}
