/**
 * What a million waiting jobs cost one server: resident memory, the time of its start, and how long a free place waits for the
 * next job, be it the first of those that wait or a fresh one that goes before them. A server with a hundred waiting jobs is
 * asked in turns; the yardstick is the time of one job on an idle server. SQLite.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MeasuredServer } from './memory/server.js';
import { call, hangUp } from './shared/api.js';
import { report } from './shared/report.js';
import { interleaved, median } from './shared/rounds.js';

const FEW = 100;
const MANY = 1_000_000;
/** Jobs that are let end in a round, one after the other. */
const JOBS_A_ROUND = 8;
const MOST_GROWTH_MB = 50;

const directory = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
const [idle, few, many] = await Promise.all(
  ['idle', 'few', 'many'].map((name) => MeasuredServer.in(directory, name)),
);
if (!idle || !few || !many) throw new Error('there are three servers');
try {
  await few.add(FEW);
  const before = await many.settled();
  await many.add(MANY);
  const after = await many.settled();
  for (const server of [few, many]) await server.restart();
  const restarted = { few: await few.settled(), many: await many.settled() };
  print(before, after, restarted);
  report(
    'memory',
    'ms',
    await interleaved(
      [
        { name: 'one job, idle', run: () => rounds(() => oneJob(idle.url)) },
        ...[few, many].flatMap((server) => [
          { name: `next of ${server.name}`, run: () => rounds(() => server.next('backlog')) },
          { name: `fresh before ${server.name}`, run: () => rounds(() => server.nextFresh()) },
        ]),
      ],
      { atMost: 4 },
    ),
  );
} finally {
  hangUp();
  for (const server of [idle, few, many]) await server.stop();
  await rm(directory, { recursive: true, force: true });
}

/** @param {() => Promise<number>} once */
async function rounds(once) {
  const times = [];
  for (let job = 0; job < JOBS_A_ROUND; job += 1) times.push(await once());
  return median(times);
}

/** From its POST until it is seen to have succeeded, in ms. @param {string} url */
async function oneJob(url) {
  const start = performance.now();
  const { job_id: id } = await call('POST', `${url}/run`, { command: 'true' });
  while ((await call('GET', `${url}/job_info/${id}`)).state !== 'succeeded') await delay(1);
  return performance.now() - start;
}

/**
 * @param {number} before
 * @param {number} after
 * @param {{ few: number, many: number }} restarted
 */
function print(before, after, restarted) {
  const growth = Math.max(after - before, restarted.many - restarted.few);
  console.log(
    `resident memory, MB, garbage collected: ${before.toFixed(0)} before, ${after.toFixed(0)} with ${MANY} waiting`,
  );
  console.log(
    `started anew: ${restarted.few.toFixed(0)} with ${FEW} waiting, ${restarted.many.toFixed(0)} with ${MANY}`,
  );
  if (!few || !many) return;
  console.log(
    `start until the first job runs, ms: ${few.startMs.toFixed(0)} with ${FEW}, ${many.startMs.toFixed(0)} with ${MANY}`,
  );
  console.log(`growth ${growth.toFixed(1)} MB, ${(growth / MOST_GROWTH_MB).toFixed(2)} of what is allowed\n`);
  const figures = { before, after, restarted, growth, startMs: { few: few.startMs, many: many.startMs } };
  console.log(`${JSON.stringify({ benchmark: 'memory', unit: 'MB', ...figures })}\n`);
}
