/**
 * Writes what a release leaves behind when it is killed in the middle of its work, for `upgrade.spec.ts` to start the next one on:
 *
 *     git checkout RELEASE && npm ci && npm run build && npm run build:native
 *     TEST_MYSQL_URL=mysql://root@127.0.0.1:3306 node test/upgrade/dump.js SCHEMA     # such as 0001
 *
 * `SCHEMA` is the release's last migration. Commit the new folder with the release.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'libsql';
import { createConnection } from 'mysql2/promise';
import { mysqlDump, sqliteDump } from './dump-text.js';

const [, , schema] = process.argv;
if (schema === undefined) throw new Error('which schema? such as: node test/upgrade/dump.js 0001');
const target = join(import.meta.dirname, schema);
const ROOT = join(import.meta.dirname, '..', '..');
/** Five years: whatever the clock of whoever runs the test, all of it is past. */
const SHIFT_MS = 5 * 365 * 86_400_000;
const INSTANTS = ['created_at', 'started_at', 'finished_at', 'expires_at', 'gone_at', 'cleanup_at'];

/** @typedef {{ url: string, kill(): Promise<void> }} Server */

/**
 * @param {string} dataDir
 * @param {Record<string, string>} env
 * @returns {Promise<Server>}
 */
async function start(dataDir, env) {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
    cwd: dataDir,
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', AGENT_CONCURRENCY: '3', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }
  throw new Error('the server did not start');
}

/**
 * @param {string} url
 * @param {string} method
 * @param {object} [json]
 * @returns {Promise<Record<string, unknown>>}
 */
async function call(url, method, json) {
  const response = await fetch(url, {
    method,
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status}`);
  return /** @type {Record<string, unknown>} */ (await response.json());
}

/** One job of each kind that an upgrade can meet, by what the test expects of it. */
async function fill(/** @type {string} */ url) {
  const run = async (/** @type {object} */ job) => String((await call(`${url}/run`, 'POST', job)).job_id);
  const until = async (/** @type {string} */ id, /** @type {string} */ state) => {
    while ((await call(`${url}/job_info/${id}`, 'GET')).state !== state) await delay(20);
  };
  const upload = new FormData();
  upload.append('file', new Blob(['input\n']), 'input');
  const stored = await fetch(`${url}/files`, { method: 'POST', body: upload });
  const { id: input } = /** @type {{ id: string }} */ (await stored.json());
  const succeeded = await run({ command: 'cat "$INPUT_1"', input_files: [input], labels: { kind: 'old' } });
  const failed = await run({ command: 'echo out; exit 3' });
  const cancelled = await run({ command: 'sleep 1000' });
  const deleted = await run({ command: 'true' });
  await Promise.all([until(succeeded, 'succeeded'), until(failed, 'failed'), until(deleted, 'succeeded')]);
  await call(`${url}/cancel`, 'POST', { job_id: cancelled });
  await call(`${url}/delete`, 'DELETE', { job_id: deleted });
  // Long enough to be killed in, short enough to be run again.
  const slow = { command: 'sleep 4; cat "$INPUT_1"', input_files: [input], labels: { kind: 'held' } };
  const running = await run(slow);
  const staging = await run(slow);
  const lost = await run({ command: 'sleep 4; true', retries: 0 });
  await Promise.all([running, staging, lost].map((id) => until(id, 'running')));
  const queued = await run({ command: 'cat "$INPUT_1"', input_files: [input], name: 'queued' });
  return { input, succeeded, failed, cancelled, deleted, running, staging, lost, queued };
}

/** As the killed server would have left it years ago, one job in the middle of its staging. */
function statements(/** @type {string} */ staging) {
  const earlier = (/** @type {string} */ column) => `${column} = ${column} - ${SHIFT_MS}`;
  return [
    `UPDATE job_manager_jobs SET state = 'staging', started_at = NULL WHERE id = '${staging}'`,
    `UPDATE job_manager_jobs SET ${[...INSTANTS, 'lease_until', 'not_before', 'late_files_until'].map(earlier).join(', ')}`,
    `UPDATE job_manager_agents SET ${earlier('seen_at')}`,
  ];
}

/**
 * @param {string} name
 * @param {Record<string, string>} env
 * @param {(dataDir: string, changes: (staging: string) => string[], staging: string) => Promise<string>} dump
 */
async function leave(name, env, dump) {
  const dataDir = await mkdtemp(join(tmpdir(), 'job-manager-dump-'));
  try {
    const server = await start(dataDir, env);
    const jobs = await fill(server.url);
    await server.kill();
    await writeFile(join(target, `${name}.sql`), await dump(dataDir, statements, jobs.staging));
    await writeFile(join(target, `${name}.files.sql`), sqliteDump(join(dataDir, 'files', 'small.db')));
    const instanceId = (await readFile(join(dataDir, 'instance-id'), 'utf8')).trim();
    await writeFile(join(target, `${name}.json`), `${JSON.stringify({ instanceId, ...jobs }, null, 2)}\n`);
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

await mkdir(target, { recursive: true });
await leave('sqlite', {}, (dataDir, changes, staging) => {
  const path = join(dataDir, 'jobs.sqlite');
  const database = new Sqlite(path);
  for (const sql of changes(staging)) database.exec(sql);
  database.close();
  return Promise.resolve(sqliteDump(path));
});

const mysql = process.env.TEST_MYSQL_URL;
if (mysql === undefined) throw new Error('TEST_MYSQL_URL is missing: the dump of MariaDB was not made');
const database = `job_manager_dump_${process.pid}`;
const connection = await createConnection(mysql);
await connection.query(`CREATE DATABASE ${database}`);
try {
  const url = new URL(mysql);
  url.pathname = `/${database}`;
  await leave('mariadb', { DATABASE_URL: url.href }, async (_dataDir, changes, staging) => {
    await connection.query(`USE ${database}`);
    for (const sql of changes(staging)) await connection.query(sql);
    return mysqlDump(connection);
  });
} finally {
  await connection.query(`DROP DATABASE ${database}`);
  await connection.end();
}
