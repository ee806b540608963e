import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createConnection } from 'mysql2/promise';
import { findMariaDb, startMariaDb } from '../../test/support/run/mariadb.js';
import { parseJson } from './json.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

/** @typedef {{ name: string, url: string, stop: () => Promise<void> }} Service */

/**
 * The service on SQLite and, where there is one, on MariaDB.
 *
 * @param {{ directory: string, concurrency: number }} options
 * @returns {Promise<Service[]>}
 */
export async function startServices({ directory, concurrency }) {
  const sqlite = await startService({ name: 'SQLite', directory, concurrency });
  const mariadb = await mariaDbIn(join(directory, 'mariadb'));
  if (!mariadb) return [sqlite];
  const service = await startService({
    name: 'MariaDB',
    directory,
    concurrency,
    env: { DATABASE_URL: mariadb.url },
  });
  const stop = async () => {
    await service.stop();
    await mariadb.stop();
  };
  return [sqlite, { ...service, stop }];
}

/**
 * @param {{ name: string, directory: string, concurrency: number, env?: Record<string, string> }} options
 * @returns {Promise<Service>}
 */
async function startService({ name, directory, concurrency, env = {} }) {
  const child = spawn(process.execPath, [MAIN], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATA_DIR: join(directory, name),
      AGENT_CONCURRENCY: String(concurrency),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await addressIn(child.stdout);
  child.stdout.resume();
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { name, url, stop };
}

/** @param {import('node:stream').Readable} log */
async function addressIn(log) {
  for await (const line of createInterface({ input: log })) {
    const { url } = /** @type {{ url?: string }} */ (parseJson(line));
    if (url) return url;
  }
  throw new Error('the service did not start');
}

/** @param {string} directory */
async function mariaDbIn(directory) {
  const given = process.env.TEST_MYSQL_URL;
  if (!given && !findMariaDb()) return undefined;
  await mkdir(directory);
  const server = given
    ? { url: given, kill: () => Promise.resolve() }
    : await startMariaDb({ directory, durable: true });
  const name = `bench_${process.pid}`;
  await onServer(server.url, `CREATE DATABASE ${name}`);
  const stop = async () => {
    await onServer(server.url, `DROP DATABASE ${name}`);
    await server.kill();
  };
  return { url: Object.assign(new URL(server.url), { pathname: `/${name}` }).href, stop };
}

/**
 * @param {string} url
 * @param {string} statement
 */
async function onServer(url, statement) {
  const connection = await createConnection(url);
  await connection.query(statement);
  await connection.end();
}
