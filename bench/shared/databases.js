import { mkdir } from 'node:fs/promises';
import { createConnection } from 'mysql2/promise';
import { findMariaDb, startMariaDb } from '../../test/support/run/mariadb.js';

/**
 * The MariaDB or MySQL of `TEST_MYSQL_URL`, else one of our own; undefined where there is neither.
 *
 * @param {string} directory for its files
 * @param {{ bufferPool?: string }} [memory] of one of our own
 * @returns {Promise<{ create: (name: string) => Promise<string>, stop: () => Promise<void> } | undefined>}
 *   `create` makes an empty database and tells its URL; all of them go at the stop
 */
export async function mariaDbIn(directory, memory = {}) {
  const given = process.env.TEST_MYSQL_URL;
  if (!given && !findMariaDb()) return undefined;
  await mkdir(directory);
  const server = given
    ? { url: given, kill: () => Promise.resolve() }
    : await startMariaDb({ directory, durable: true, ...memory });
  /** @type {string[]} */
  const names = [];
  const create = async (/** @type {string} */ database) => {
    const name = `bench_${process.pid}_${database}`;
    await onServer(server.url, `CREATE DATABASE ${name}`);
    names.push(name);
    return Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
  };
  const stop = async () => {
    for (const name of names) await onServer(server.url, `DROP DATABASE ${name}`);
    await server.kill();
  };
  return { create, stop };
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
