import { join } from 'node:path';
import { findRedis } from '../../test/support/run/redis.js';
import { jobsPerSecond } from '../shared/load.js';
import { ownProcess } from '../shared/own-process.js';
import { isInstalled } from './installed.js';
import { startPostgres } from './postgres.js';
import { redisFor } from './redis.js';
import { startWorker } from './start-worker.js';
import { findTaskSpooler } from './task-spooler.js';

const SCRIPTS = import.meta.dirname;
const INSTALL_PACKAGES = 'npm ci --prefix bench';

/** @typedef {{ name: string, note: string, run: () => Promise<number>, end: () => Promise<void> }} Peer */

/**
 * All peers that this machine has what they need for; those that are missing are said.
 *
 * @param {{ directory: string, concurrency: number }} options
 * @returns {Promise<Peer[]>}
 */
export async function startPeers(options) {
  return [...(await onRedis(options)), ...(await onPostgres(options)), ...(await taskSpooler(options))];
}

/** @param {{ directory: string, concurrency: number }} options */
async function onRedis(options) {
  if (!findRedis()) return missing('BullMQ', 'apt-get install redis-server');
  const plain = await redisFor(options.directory, { durable: false });
  const durable = await redisFor(options.directory, { durable: true });
  const note = 'Redis keeps nothing on disk: a crash loses what was accepted';
  const durableNote = 'Redis with appendfsync always: accepted jobs are on disk';
  return [
    await startPeer({ name: 'BullMQ', note, module: 'bullmq', ...options, ...plain }),
    await startPeer({ name: 'BullMQ, durable', note: durableNote, module: 'bullmq', ...options, ...durable }),
  ];
}

/** @param {{ directory: string, concurrency: number }} options */
async function onPostgres(options) {
  const installed = ['pg-boss', 'graphile-worker'].filter((name) => isInstalled(name));
  if (installed.length < 2) return missing('pg-boss and graphile-worker', INSTALL_PACKAGES);
  const postgres = await startPostgres();
  if (!postgres) return missing('pg-boss and graphile-worker', 'apt-get install postgresql, or BENCH_PG_URL');
  const target = postgres.url;
  const boss = 'PostgreSQL; accepted jobs and answers are on disk; fetches by itself each 20 ms, 10 at once';
  const graphile =
    'PostgreSQL; accepted jobs are on disk, no answer is kept; local queue of 100, ends in batches';
  return [
    await startPeer({ name: 'pg-boss', note: boss, module: 'pg-boss', ...options, target }),
    // The last one to end stops the server of both.
    await startPeer({
      name: 'graphile-worker',
      note: graphile,
      module: 'graphile-worker',
      ...options,
      target,
      stop: postgres.stop,
    }),
  ];
}

/** @param {{ directory: string, concurrency: number }} options */
async function taskSpooler(options) {
  if (!findTaskSpooler()) return missing('task-spooler', 'apt-get install task-spooler');
  const target = join(options.directory, 'task-spooler');
  const note = 'accepted jobs are in memory only; its caller makes and removes the directories';
  return [
    await startPeer({
      name: 'task-spooler',
      note,
      module: 'task-spooler',
      worker: false,
      ...options,
      target,
    }),
  ];
}

/**
 * @param {string} name
 * @param {string} install
 * @returns {Peer[]}
 */
function missing(name, install) {
  console.log(`Without ${name}: ${install}`);
  return [];
}

/**
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.note
 * @param {string} options.module beside this one
 * @param {boolean} [options.worker] whether its jobs are run by a worker of ours
 * @param {string} options.target
 * @param {string} options.directory
 * @param {number} options.concurrency
 * @param {() => Promise<void>} [options.stop] of the server that it needs
 * @returns {Promise<Peer>}
 */
async function startPeer({ name, note, module, worker = true, target, directory, concurrency, stop }) {
  /** @type {import('../shared/own-process.js').OwnProcess<import('../shared/own-process.js').Work, number>} */
  const caller = ownProcess(join(SCRIPTS, 'caller.js'), [module]);
  const working = worker ? await startWorker({ name, module, target, directory, concurrency }) : undefined;
  const contestant = jobsPerSecond(name, (jobs) => caller.run({ target, jobs, concurrency }));
  const end = async () => {
    await caller.end();
    await working?.end();
    await stop?.();
  };
  return { ...contestant, note, end };
}
