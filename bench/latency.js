/**
 * How long one job takes, one at a time, from `POST /run` of `true` until its caller knows that it has succeeded; beside a BullMQ
 * worker that spawns the same and tells its caller by an event. Ours is asked once, with `Prefer: wait`, over a kept connection.
 */
import { join } from 'node:path';
import { findRedis } from '../test/support/run/redis.js';
import { redisFor } from './peers/redis.js';
import { startWorker } from './peers/start-worker.js';
import { inDirectory } from './shared/directory.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved, percentile } from './shared/rounds.js';
import { startServices } from './shared/services.js';

/** @typedef {import('./latency/caller.js').Times} Times */

const JOBS = 300;
const CONCURRENCY = 2;
const SCRIPTS = join(import.meta.dirname, 'latency');
if (!findRedis()) throw new Error('latency needs redis-server, for BullMQ: apt-get install redis-server');

await inDirectory(async (directory) => {
  const bullmq = await startBullMq('BullMQ', directory, { durable: false });
  const durable = await startBullMq('BullMQ, durable', directory, { durable: true });
  const services = await startServices({ directory, concurrency: CONCURRENCY });
  const ours = services.map(({ name, url, stop }) => caller(name, 'caller.js', url, [stop]));
  console.log(`${JOBS} jobs a round, one at a time; every job succeeded; less is better\n`);
  const contestants = [bullmq, durable, ...ours];
  const times = await interleaved(contestants, { atMost: 7 });
  report(
    'latency p50',
    'ms',
    figuresOf(times, ({ seen }) => percentile(seen, 0.5)),
    2,
  );
  report(
    'latency p99',
    'ms',
    figuresOf(times, ({ seen }) => percentile(seen, 0.99)),
    2,
  );
  const told = new Map([...times].filter(([name]) => ours.some((our) => our.name === name)));
  console.log('From acceptance to the end, as job_info tells it in whole ms:');
  report(
    'latency told p50',
    'ms',
    figuresOf(told, (round) => percentile(round.told, 0.5)),
  );
  for (const { end } of contestants) await end();
});

/**
 * @param {string} name
 * @param {string} directory
 * @param {{ durable: boolean }} options
 */
async function startBullMq(name, directory, options) {
  const { target, stop } = await redisFor(directory, options);
  const worker = await startWorker({ name, module: 'bullmq', target, directory, concurrency: CONCURRENCY });
  return caller(name, 'bullmq-caller.js', target, [worker.end, stop]);
}

/**
 * @param {string} name
 * @param {string} script
 * @param {string} target
 * @param {(() => Promise<void>)[]} endings of what it calls
 */
function caller(name, script, target, endings) {
  /** @type {import('./shared/own-process.js').OwnProcess<{ target: string, jobs: number }, Times>} */
  const child = ownProcess(join(SCRIPTS, script));
  const end = async () => {
    for (const each of [child.end, ...endings]) await each();
  };
  return { name, run: () => child.run({ target, jobs: JOBS }), end };
}

/**
 * @param {Map<string, Times[]>} times
 * @param {(round: Times) => number} figure
 */
function figuresOf(times, figure) {
  return new Map([...times].map(([name, rounds]) => [name, rounds.map(figure)]));
}
