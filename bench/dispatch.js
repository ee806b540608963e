/**
 * Dispatch to 100, 1,000 and 10,000 agents: a real server with a MariaDB and a Redis of its own, and agents that speak the
 * whole protocol but run no commands. What it costs to claim, to give signs of life and to fill the windows, and how that grows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hangUp } from './shared/api.js';
import { Fleets } from './dispatch/fleets.js';
import { Meter } from './dispatch/meter.js';
import {
  beats,
  cadence,
  checkKept,
  dispatch,
  enlist,
  idle,
  listening,
  refill,
  refillStatements,
} from './dispatch/phases.js';
import { startSurroundings } from './dispatch/surroundings.js';
import { tell, tellSize } from './dispatch/told.js';

const given = process.argv.slice(3).map(Number);
const SIZES = given.length > 0 ? given : [100, 1_000, 10_000];
const PROCESSES = 2;
const LISTENING = 200;

const directory = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
const surroundings = await startSurroundings(directory);
const { url, token, redisUrl } = surroundings;
const fleets = new Fleets(PROCESSES, { url, token, redis: { url: redisUrl, prefix: 'job-manager' } });
const fleet = { surroundings, fleets, meter: new Meter(surroundings, fleets.pids) };
try {
  const listened = await listening(fleet, LISTENING);
  const sizes = [];
  let agents = 0;
  for (const size of SIZES) {
    const found = await oneSize(agents, size);
    tellSize(found);
    sizes.push(found);
    agents = size;
  }
  tell({ sizes, statements: await refillStatements(fleet), listening: { feeds: LISTENING, ...listened } });
} finally {
  hangUp();
  await fleets.close();
  await surroundings.stop();
  await rm(directory, { recursive: true, force: true });
}

/**
 * @param {number} from
 * @param {number} agents
 */
async function oneSize(from, agents) {
  const arrived = { agents: agents - from, cost: await enlist(fleet, from, agents) };
  const dispatched = await dispatch(fleet);
  const resting = await idle(fleet);
  const beating = await beats(fleet, agents);
  const keeping = agents === SIZES.at(-1) ? await cadence(fleet) : undefined;
  const repeated = await checkKept(fleet, beating.ids);
  const refilled = await refill(fleet);
  return { agents, arrived, dispatched, resting, beating, keeping, repeated, refilled };
}
