/**
 * Jobs per second beside what a user would pick instead, on one file system: each runs the same command, as many at once, in a
 * directory made and removed, with its output in a file there, and has 32 jobs under way to its queue.
 */
import { startPeers } from './peers/start-peers.js';
import { inDirectory } from './shared/directory.js';
import { loadOf } from './shared/load.js';
import { report } from './shared/report.js';
import { interleaved, median } from './shared/rounds.js';
import { startServices } from './shared/services.js';

const CONCURRENCY = Number(process.env.CONCURRENCY ?? 2);

await inDirectory(async (directory) => {
  const peers = await startPeers({ directory, concurrency: CONCURRENCY });
  const services = await startServices({ directory, concurrency: CONCURRENCY });
  const loads = services.map(loadOf);
  console.log(`${CONCURRENCY} commands at once; every job succeeded, every 20th answer compared\n`);
  for (const { name, note } of peers) console.log(`${name}: ${note}`);
  const figures = await interleaved([...peers, ...loads], { enoughMs: 80_000, warmUp: 4 });
  const best = [...peers].sort((a, b) => rate(figures, b.name) - rate(figures, a.name));
  const order = [...best, ...loads].map(({ name }) => name);
  console.log();
  report('peers', 'jobs/s', new Map(order.map((name) => [name, figures.get(name) ?? []])));
  for (const { end } of [...peers, ...loads]) await end();
  for (const { stop } of services) await stop();
});

/** @param {Map<string, number[]>} figures @param {string} name */
function rate(figures, name) {
  return median(figures.get(name) ?? []);
}
