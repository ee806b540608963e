import { execFile } from 'node:child_process';
import { chown, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startDaemon } from '../../test/support/run/daemon.js';
import { freePort } from '../../test/support/run/free-port.js';
import { findProgram } from '../../test/support/run/programs.js';
import { BASE } from '../shared/directory.js';
import { onPostgres } from './postgres-client.js';

const DEBIAN = '/usr/lib/postgresql';
const START_WITHIN_MS = 30_000;
const execute = promisify(execFile);

/** @typedef {{ url: string, stop: () => Promise<void> }} Postgres `url`: with a database of its own */

/**
 * A database on the server that `BENCH_PG_URL` names, else on a throwaway server as it comes: every commit is on disk.
 *
 * @returns {Promise<Postgres | undefined>} undefined where neither is there
 */
export async function startPostgres() {
  const given = process.env.BENCH_PG_URL;
  const server = given ? { url: given, stop: () => Promise.resolve() } : await throwawayServer();
  if (!server) return undefined;
  const name = `bench_${process.pid}`;
  await onPostgres(server.url, `CREATE DATABASE ${name}`);
  const stop = async () => {
    await onPostgres(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
    await server.stop();
  };
  return { url: Object.assign(new URL(server.url), { pathname: `/${name}` }).href, stop };
}

/** @returns {Promise<Postgres | undefined>} */
async function throwawayServer() {
  const programs = await findPostgres();
  if (!programs) return undefined;
  // Beside the benchmark's directory, which its own user alone may enter.
  const directory = await mkdtemp(join(BASE, 'job-manager-bench-postgres-'));
  const asUser = await asUserOf(directory);
  const data = join(directory, 'data');
  const initdb = asUser([programs.initdb, '-D', data, '-U', 'postgres', '-A', 'trust', '--locale=C.UTF-8']);
  await execute(initdb.command, initdb.args, { cwd: directory });
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const daemon = await startDaemon({
    ...asUser([programs.postgres, '-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '']),
    logPath: join(directory, 'log'),
    removeAfter: directory,
  });
  await answering(url, daemon);
  // A fast shutdown: connections end, and nothing stays in shared memory.
  return { url, stop: () => daemon.end('SIGINT') };
}

async function findPostgres() {
  const versions = await readdir(DEBIAN).catch(() => []);
  const newest = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, 'bin'));
  const find = (/** @type {string} */ name) =>
    findProgram(name, ...newest.map((directory) => join(directory, name)));
  const [postgres, initdb] = [find('postgres'), find('initdb')];
  return postgres && initdb ? { postgres, initdb } : undefined;
}

/**
 * PostgreSQL refuses to run as root: there it is the user `postgres`, to whom the directory goes.
 *
 * @param {string} directory
 */
async function asUserOf(directory) {
  if (process.getuid?.() !== 0) return commandOf;
  const { stdout } = await execute('/bin/sh', ['-c', 'id -u postgres; id -g postgres']);
  const [uid = '', gid = ''] = stdout.split('\n');
  await chown(directory, Number(uid), Number(gid));
  const setpriv = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  return (/** @type {string[]} */ words) => commandOf([...setpriv, ...words]);
}

/** @param {string[]} words */
function commandOf([command = '', ...args]) {
  return { command, args };
}

/**
 * @param {string} url
 * @param {import('../../test/support/run/daemon.js').Daemon} daemon
 */
async function answering(url, daemon) {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      await onPostgres(url, 'SELECT 1');
      return;
    } catch (error) {
      if (!daemon.alive()) throw new Error(`PostgreSQL did not start:\n${daemon.log()}`, { cause: error });
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}
