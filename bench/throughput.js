/**
 * Jobs per second, from `POST /run` of `true` over HTTP to `succeeded`, beside the least that the same work
 * takes: a bare Node loop of mkdir, spawn, wait, rm. Both run interleaved, since a machine's speed drifts,
 * and the medians of the rounds count.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inOwnProcess } from './throughput/own-process.js';
import { startServices } from './throughput/services.js';

const ROUNDS = { atLeast: 3, atMost: 7 };
/** After which no further round begins: a slow machine gets fewer rounds, not a longer run. */
const ENOUGH_MS = 40_000;
const JOBS = 500;
const CONCURRENCY = 2;

const directory = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
const services = await startServices({ directory, concurrency: CONCURRENCY });
try {
  report(await measure());
} finally {
  for (const service of services) await service.stop();
  await rm(directory, { recursive: true, force: true });
}

/** @returns {Promise<Map<string, number[]>>} jobs per second of each round, by what was measured */
async function measure() {
  const yardstick = { name: 'bare loop', script: 'bare-loop.js', target: join(directory, 'bare') };
  const contestants = [
    yardstick,
    ...services.map(({ name, url }) => ({ name, script: 'load.js', target: url })),
  ];
  /** @type {Map<string, number[]>} */
  const rates = new Map(contestants.map(({ name }) => [name, []]));
  const start = performance.now();
  // The first round warms up and does not count.
  for (let round = 0; round <= ROUNDS.atMost; round += 1) {
    if (round > ROUNDS.atLeast && performance.now() - start > ENOUGH_MS) break;
    for (const { name, script, target } of contestants) {
      const seconds = await inOwnProcess(script, { target, jobs: JOBS, concurrency: CONCURRENCY });
      if (round > 0) rates.get(name)?.push(JOBS / seconds);
    }
  }
  return rates;
}

/** @param {Map<string, number[]>} rates */
function report(rates) {
  const medians = [...rates].map(([name, all]) => ({ name, rate: median(all), all }));
  const yardstick = medians[0]?.rate ?? NaN;
  const rounds = medians[0]?.all.length;
  console.log(`${JOBS} jobs a round, ${rounds} rounds, ${CONCURRENCY} at once; every job succeeded\n`);
  for (const { name, rate, all } of medians) {
    const range = `${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`;
    const ratio = (rate / yardstick).toFixed(2);
    console.log(
      `${name.padEnd(10)} ${rate.toFixed(0).padStart(6)} jobs/s (${range}), ${ratio} of the bare loop`,
    );
  }
  const figures = medians.map(({ name, rate }) => [name, { jobsPerSecond: rate, ratio: rate / yardstick }]);
  console.log(`\n${JSON.stringify({ benchmark: 'throughput', ...Object.fromEntries(figures) })}`);
}

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
