/**
 * 100,000 queued jobs whose time to live ends within one minute, while jobs are accepted at a steady rate. Two services
 * are asked in turns: on one the jobs expire, on the other, the yardstick, they wait on. An agent is there, but busy. All must
 * have expired, none may have run, and all that was accepted must succeed afterwards.
 *
 * `npm run bench -- expiry MariaDB` does it there; EXPIRE_WITHIN_SECONDS=0 has all of them expire at once.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptInTurns, succeeded } from './expiry/accept.js';
import { checkExpired } from './expiry/check.js';
import { hangUp } from './shared/api.js';
import { insertJobs, openDatabase } from './shared/bulk-jobs.js';
import { holdPlace } from './shared/gate.js';
import { percentile } from './shared/rounds.js';
import { mariaDbIn } from './shared/databases.js';
import { startService } from './shared/services.js';

const JOBS = 100_000;
const WITHIN_MS = Number(process.env.EXPIRE_WITHIN_SECONDS ?? 50) * 1_000;
/** Until the first expires: the jobs are put in, the service starts, and its place is taken. */
const LEAD_MS = 30_000;
/** So long jobs are accepted: until the last must be gone. */
const ACCEPT_MS = 56_000;
const NEVER = 4_102_444_800_000;

const database = process.argv[3] ?? 'SQLite';
const directory = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
const mariadb =
  database === 'MariaDB' ? await mariaDbIn(join(directory, 'mariadb'), { bufferPool: '512M' }) : undefined;
/** @type {(() => Promise<void>)[]} */
const stops = [];
try {
  const still = await side('still', () => `${NEVER}`);
  let start = 0;
  const expiring = await side('expiring', () => {
    start = Date.now() + LEAD_MS;
    return `${start} + FLOOR(n * ${WITHIN_MS / JOBS})`;
  });
  if (Date.now() > start) throw new Error('the services took too long to start');
  await delay(start - Date.now());
  await acceptInTurns([still, expiring], ACCEPT_MS);
  const late = await checkExpired(expiring, { jobs: JOBS, start, withinMs: WITHIN_MS });
  await Promise.all([still, expiring].map(succeeded));
  report(still.times, expiring.times, late);
} finally {
  hangUp();
  for (const stop of stops.toReversed()) await stop();
  await mariadb?.stop();
  await rm(directory, { recursive: true, force: true });
}

/**
 * A service with all its jobs in place, whose only place is taken.
 *
 * @param {string} name
 * @param {() => string} expiresAt of a job, as an expression of its number `n`; asked for when they are put in
 */
async function side(name, expiresAt) {
  const databaseUrl = mariadb ? await mariadb.create(name) : `sqlite:${join(directory, `${name}.sqlite`)}`;
  const ran = join(directory, `${name}.ran`);
  await mkdir(join(directory, name));
  const env = { DATABASE_URL: databaseUrl, SHUTDOWN_GRACE_SECONDS: '0' };
  const start = () => startService({ name, directory, concurrency: 1, env });
  // Its first start makes the tables.
  await (await start()).stop();
  const bulk = await openDatabase(databaseUrl);
  const { held, release } = await holdPlace(bulk, join(directory, `${name}.pipe`));
  const columns = { command: `'echo >> ${ran}'`, ttl: "'60'", expires_at: expiresAt() };
  await insertJobs(bulk, { count: JOBS, createdAt: `${Date.now() - 1_000_000} + n`, columns });
  await bulk.close();
  const service = await start();
  stops.push(service.stop);
  await held(service.url);
  return {
    url: service.url,
    databaseUrl,
    ran,
    release,
    times: /** @type {number[]} */ ([]),
    ids: /** @type {string[]} */ ([]),
  };
}

/**
 * @param {readonly number[]} still
 * @param {readonly number[]} expiring
 * @param {readonly number[]} late
 */
function report(still, expiring, late) {
  console.log(`expiry on ${database}: ${JOBS} jobs in ${WITHIN_MS / 1000} s; all expired, none ran\n`);
  const lines = { still, expiring };
  for (const [name, times] of Object.entries(lines)) {
    console.log(
      `accept, ${name.padEnd(8)} p50 ${ms(times, 0.5)}, p99 ${ms(times, 0.99)}, longest ${ms(times, 1)} (${times.length})`,
    );
  }
  console.log(`gone after its time  p50 ${ms(late, 0.5)}, p99 ${ms(late, 0.99)}, longest ${ms(late, 1)}`);
  const ratio = percentile(expiring, 0.99) / percentile(still, 0.99);
  console.log(`\np99 of accept during expiries ${ratio.toFixed(2)} of that without`);
  const figures = {
    still: percentile(still, 0.99),
    expiring: percentile(expiring, 0.99),
    late: percentile(late, 1),
  };
  console.log(
    `\n${JSON.stringify({ benchmark: 'expiry', unit: 'ms', database, yardstick: 'still', ratio, ...figures })}`,
  );
}

/** @param {readonly number[]} times @param {number} share */
function ms(times, share) {
  return `${percentile(times, share).toFixed(1)} ms`;
}
