import { setTimeout as delay } from 'node:timers/promises';
import { interleaved, percentile, median } from '../shared/rounds.js';
import { firstJobsStatement, subsetsOf } from './built.js';
import { checkGranted, storeWaiting, submit, waitsOf } from './jobs.js';
import { total } from './meter.js';
import { DATABASE_CONNECTIONS } from './surroundings.js';

/** The labels of agents, in turns. */
const KINDS = [[], ['gpu'], ['ssd'], ['gpu', 'ssd']];
const JOBS = { count: 600, atOnce: 32 };
const ONE_BY_ONE = { count: 100, atOnce: 1 };
const MOST_HELD = 300;
const IDLE_MS = 2_000;
const CHECKED = 500;
const SLICE_MS = 800;
/** Signs of life under way at once, in each process. */
const WIDTH = 32;
const STEADY_MS = 7_000;
export const WAITING = 20_000;
const WINDOW = 1_000;
const WAIT_MOST_MS = 30_000;
/** What the server does not know of its database's clock. */
const CLOCK_MS = 500;

/**
 * @typedef {object} Fleet
 * @property {import('./surroundings.js').Surroundings} surroundings
 * @property {import('./fleets.js').Fleets} fleets
 * @property {import('./meter.js').Meter} meter
 */

/**
 * @param {Fleet} fleet
 * @param {number} from
 * @param {number} to how many agents there are then
 */
export async function enlist({ fleets, meter }, from, to) {
  const names = Array.from({ length: to - from }, (_, index) => from + index);
  const processes = fleets.processes.length;
  const { cost } = await meter.measure(() =>
    fleets.all('enlist', (process) =>
      names
        .filter((serial) => serial % processes === process)
        .map((serial) => ({
          name: `agent-${serial}`,
          labels: KINDS[Math.floor(serial / processes) % KINDS.length],
        })),
    ),
  );
  return cost;
}

/**
 * Jobs that are accepted, claimed and ended at once: many at a time, then one after the other.
 *
 * @param {Fleet} fleet
 */
export async function dispatch({ surroundings: { url, database }, fleets, meter }) {
  await fleets.all('take', () => 'end');
  const whenDone = fleets.whenDone.bind(fleets);
  const { result: many, cost } = await meter.measure(() => submit(url, { ...JOBS, whenDone }));
  const single = await submit(url, { ...ONE_BY_ONE, whenDone });
  const taken = await stopTaking(fleets);
  await checkGranted(database, { ids: [...many, ...single], granted: taken.granted, state: 'succeeded' });
  const waits = await waitsOf(database, single);
  return {
    cost,
    jobs: many.length,
    refusedShare: taken.refused / (taken.refused + taken.granted.length),
    waitMs: { p50: median(waits), p99: percentile(waits, 0.99) },
  };
}

/**
 * Has a tenth of the agents hold a job while signs of life are given as fast as they are answered, beside the same UPDATE
 * of as many rows by itself.
 *
 * @param {Fleet} fleet
 * @param {number} agents
 */
export async function beats({ surroundings: { url, database }, fleets, meter }, agents) {
  await fleets.all('take', () => 'hold');
  const held = { count: Math.min(MOST_HELD, agents / 10), atOnce: JOBS.atOnce };
  const ids = await submit(url, { ...held, whenDone: fleets.whenDone.bind(fleets) });
  /** @type {import('./meter.js').Cost[]} */
  const costs = [];
  let given = 0;
  const figures = await interleaved(
    [
      { name: 'bare UPDATE', run: () => bareUpdates(database, agents) },
      {
        name: 'signs of life',
        run: async () => {
          const before = sum(await fleets.all('beats'));
          const { cost } = await meter.measure(() =>
            fleets.all('beatFor', () => ({ ms: SLICE_MS, width: WIDTH })),
          );
          const count = sum(await fleets.all('beats')) - before;
          costs.push(cost);
          given += count;
          return (count / cost.ms) * 1_000;
        },
      },
    ],
    { atMost: 3 },
  );
  const [bare = [], ours = []] = figures.values();
  return { bare: median(bare), rate: median(ours), given, cost: total(costs), ids };
}

/**
 * Signs of life as often as agents give them.
 *
 * @param {Fleet} fleet
 */
export async function cadence({ fleets, meter }) {
  await fleets.all('keep');
  const before = sum(await fleets.all('beats'));
  const { cost } = await meter.measure(() => delay(STEADY_MS));
  const given = sum(await fleets.all('beats')) - before;
  await fleets.all('keepNoMore');
  return { given, cost };
}

/**
 * Fails unless the last sign of life of each agent is in the database, no lease was lost, and each job that is held was
 * granted once; ends what is held.
 *
 * @param {Fleet} fleet
 * @param {readonly string[]} ids of the jobs that are held
 * @returns {Promise<number>} how many reports had to be made again, for want of an answer in time
 */
export async function checkKept({ surroundings: { database }, fleets }, ids) {
  // Later than any before by more than what is allowed for.
  await delay(2 * CLOCK_MS);
  const sent = /** @type {[string, number][][]} */ (await fleets.all('beatOnce', () => CHECKED)).flat();
  const [rows] = await database.query('SELECT name, seen_at AS seenAt FROM job_manager_agents');
  const seen = new Map(
    /** @type {{ name: string, seenAt: string | number }[]} */ (rows).map(({ name, seenAt }) => [
      name,
      Number(seenAt),
    ]),
  );
  const missing = sent.filter(([name, at]) => (seen.get(name) ?? 0) < at - CLOCK_MS);
  if (missing.length > 0) throw new Error(`the last signs of life of ${missing.length} agents are not kept`);
  const faults = /** @type {{ lost: number, repeated: number }[]} */ (await fleets.all('faults'));
  const lost = sum(faults.map((one) => one.lost));
  if (lost > 0) throw new Error(`${lost} leases were lost although signs of life were given`);
  await fleets.all('release');
  const { granted } = await stopTaking(fleets);
  await checkGranted(database, { ids, granted, state: 'succeeded' });
  return sum(faults.map(({ repeated }) => repeated));
}

/** What a server does while nothing is asked of it. @param {Fleet} fleet */
export async function idle({ meter }) {
  return (await meter.measure(() => delay(IDLE_MS))).cost;
}

/**
 * Has Redis forget everything while many jobs wait, and waits until all windows are full again.
 *
 * @param {Fleet} fleet
 */
export async function refill({ surroundings: { database, redis }, meter }) {
  await storeWaiting(database, WAITING);
  const { cost } = await meter.measure(async () => {
    await redis.flushall();
    await until(async () => {
      const sizes = await Promise.all(
        KINDS.map((labels) =>
          redis.zcard(`job-manager:jobs${labels.length > 0 ? '@' : ''}${labels.join()}:prioritized`),
        ),
      );
      return sizes.every((size) => size === WINDOW);
    });
  });
  await database.query("DELETE FROM job_manager_jobs WHERE state = 'queued'");
  await redis.flushall();
  return cost;
}

/**
 * The statement that finds what fills a window, for agents with so many labels.
 *
 * @param {Fleet} fleet
 */
export async function refillStatements({ surroundings: { database }, meter }) {
  await storeWaiting(database, WAITING);
  const labels = ['gpu', 'ssd', 'a', 'b', 'c', 'd', 'e', 'f'];
  const costs = [];
  for (const count of [0, 1, 2, 4, 8]) {
    const wish = { limit: WINDOW, sets: subsetsOf(labels.slice(0, count).sort()), now: Date.now() };
    const { sql, parameters } = firstJobsStatement({ dialect: 'mysql', tablePrefix: 'job_manager_' }, wish);
    const { cost } = await meter.measure(() => database.query(sql, [...parameters]));
    costs.push({ labels: count, ms: cost.ms, rows: cost.rows });
  }
  await database.query("DELETE FROM job_manager_jobs WHERE state = 'queued'");
  return costs;
}

/**
 * What it costs Redis that agents listen, in which nothing happens: real feeds, each with its three connections.
 *
 * @param {Fleet} fleet
 * @param {number} count
 */
export async function listening({ surroundings: { redis }, fleets, meter }, count) {
  await fleets.all('listen', () => count / fleets.processes.length);
  await delay(2_000);
  const cost = (await meter.measure(() => delay(5_000))).cost;
  const connections = Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]);
  const bytes = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  await fleets.all('stop');
  return { cost, connections, bytes };
}

/**
 * @param {import('mysql2/promise').Pool} database
 * @param {number} agents
 */
async function bareUpdates(database, agents) {
  const start = performance.now();
  let count = 0;
  const loop = async () => {
    while (performance.now() - start < SLICE_MS) {
      await database.query('UPDATE job_manager_agents SET seen_at = seen_at + 1 WHERE name = ?', [
        `agent-${count++ % agents}`,
      ]);
    }
  };
  await Promise.all(Array.from({ length: DATABASE_CONNECTIONS }, loop));
  return (count / (performance.now() - start)) * 1_000;
}

/** @param {import('./fleets.js').Fleets} fleets */
async function stopTaking(fleets) {
  const all = /** @type {{ granted: string[], refused: number }[]} */ (await fleets.all('stop'));
  return { granted: all.flatMap(({ granted }) => granted), refused: sum(all.map(({ refused }) => refused)) };
}

/** @param {() => Promise<boolean>} condition */
async function until(condition) {
  const deadline = performance.now() + WAIT_MOST_MS;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`this was not so within ${WAIT_MOST_MS} ms: ${condition.toString()}`);
    await delay(20);
  }
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
