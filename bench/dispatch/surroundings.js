import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { startMariaDb } from '../../test/support/run/mariadb.js';
import { startRedis } from '../../test/support/run/redis.js';
import { startService } from '../shared/services.js';

/** As a server has it. */
export const DATABASE_CONNECTIONS = 10;

/**
 * One server without agents of its own, with a durable MariaDB and a Redis of our own.
 *
 * @param {string} directory
 */
export async function startSurroundings(directory) {
  const [databaseDirectory, redisDirectory] = ['mariadb', 'redis'].map((name) => join(directory, name));
  await Promise.all([mkdir(databaseDirectory ?? ''), mkdir(redisDirectory ?? '')]);
  const [mariadb, redisServer] = await Promise.all([
    startMariaDb({ directory: databaseDirectory ?? '', durable: true }),
    startRedis({ directory: redisDirectory ?? '' }),
  ]);
  const database = await databaseOn(mariadb.url);
  const redis = new Redis(redisServer.url);
  const token = 'of-the-benchmark';
  const env = {
    DATABASE_URL: Object.assign(new URL(mariadb.url), { pathname: '/jobs' }).href,
    REDIS_URL: redisServer.url,
    AGENT_TOKEN: token,
  };
  const server = await startService({ name: 'server', directory, concurrency: 0, env });
  const stop = async () => {
    await server.stop();
    await Promise.all([database.end(), redis.quit()]);
    await Promise.all([mariadb.kill(), redisServer.kill()]);
  };
  const pids = {
    server: server.pid,
    database: Number(await readFile(join(databaseDirectory ?? '', 'pid'), 'utf8')),
    redis: Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]),
  };
  return { url: server.url, token, redisUrl: redisServer.url, database, redis, pids, stop };
}

/** @typedef {Awaited<ReturnType<typeof startSurroundings>>} Surroundings */

/** @param {string} url */
async function databaseOn(url) {
  const server = createPool({ uri: url });
  await server.query('CREATE DATABASE jobs');
  await server.end();
  const uri = Object.assign(new URL(url), { pathname: '/jobs' }).href;
  return createPool({ uri, connectionLimit: DATABASE_CONNECTIONS, charset: 'utf8mb4' });
}
