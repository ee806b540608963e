/**
 * `job_info`, and `list_jobs` with each filter, on services that hold a thousand, a hundred thousand and a million jobs: all
 * of them run at once and are asked in turns; the yardstick is the one with a thousand. Every answer is compared with
 * what the table holds.
 *
 * `npm run bench -- read SQLite` or `MariaDB` looks at one of them.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hangUp } from './shared/api.js';
import { openDatabase } from './shared/bulk-jobs.js';
import { mariaDbIn } from './shared/databases.js';
import { startService } from './shared/services.js';
import { measure } from './read/measure.js';
import { print } from './read/print.js';
import { JobTable } from './read/table.js';

const SIZES = [1_000, 100_000, 1_000_000];
const END = Date.now() - 60_000;

const directory = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
const mariadb =
  process.argv[3] === 'SQLite'
    ? undefined
    : await mariaDbIn(join(directory, 'mariadb'), { bufferPool: '2G' });
/** @type {(import('./shared/services.js').Service)[]} */
const running = [];
try {
  const [onSqlite, onMariaDb] = await Promise.all([
    process.argv[3] === 'MariaDB'
      ? []
      : filled('SQLite', (name) => Promise.resolve(`sqlite:${join(directory, `${name}.sqlite`)}`)),
    mariadb ? filled('MariaDB', mariadb.create) : [],
  ]);
  for (const [database, services] of Object.entries({ SQLite: onSqlite, MariaDB: onMariaDb })) {
    if (services.length > 0) print(database, SIZES, await measure(services));
  }
} finally {
  hangUp();
  for (const service of running) await service.stop();
  await mariadb?.stop();
  await rm(directory, { recursive: true, force: true });
}

/**
 * A service for each size, on a database that holds so many jobs.
 *
 * @param {string} database
 * @param {(name: string) => Promise<string>} create makes an empty database and tells its URL
 */
async function filled(database, create) {
  const services = [];
  for (const size of SIZES) {
    const name = `${database.toLowerCase()}_${size}`;
    const env = { DATABASE_URL: await create(name), LOG_LEVEL: 'info' };
    await mkdir(join(directory, name));
    const start = () => startService({ name, directory, concurrency: 0, env });
    // Its first start makes the tables.
    await (await start()).stop();
    const table = new JobTable(size, END);
    const bulk = await openDatabase(env.DATABASE_URL);
    await table.fill(bulk);
    await bulk.close();
    const service = await start();
    running.push(service);
    services.push({ ...service, table });
  }
  return services;
}
