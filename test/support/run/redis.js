import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startDaemon, startService } from './daemon.js';
import { freePort } from './free-port.js';
import { findProgram } from './programs.js';

const START_WITHIN_MS = 30_000;

/** @returns {string | undefined} the program of a throwaway Redis */
export function findRedis() {
  return findProgram('redis-server');
}

/**
 * @typedef {import('./daemon.js').Service & { url: string, flush: () => Promise<void> }} RedisServer
 *   `url`: the same after a restart, when it holds nothing; `flush`: removes every key
 */

/**
 * A Redis of our own that keeps nothing on disk, on a free port, started and answering.
 *
 * @param {{ directory: string, removeAfter?: boolean }} options
 *   `directory`: for its log; `removeAfter`: the directory goes with the server
 * @returns {Promise<RedisServer>}
 */
export async function startRedis({ directory, removeAfter = false }) {
  const program = findRedis();
  if (!program) throw new Error('no redis-server is on PATH');
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const launch = async () => {
    const daemon = await startDaemon({
      command: program,
      args: [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        directory,
        '--save',
        '',
        '--appendonly',
        'no',
      ],
      logPath: join(directory, 'redis.log'),
      ...(removeAfter ? { removeAfter: directory } : {}),
    });
    await answering(url, daemon);
    return daemon;
  };
  return {
    url,
    ...(await startService(launch)),
    flush: async () => {
      await withRedis(url, (redis) => redis.flushall());
    },
  };
}

/**
 * One short connection, which fails instead of waiting for a server that is away.
 *
 * @template T
 * @param {string} url
 * @param {(redis: Redis) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withRedis(url, use) {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    // A timer that ioredis leaves behind where the connection was lost.
    disconnectTimeout: 100,
  });
  // Told by the rejection of what was asked.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/**
 * @param {string} url
 * @param {import('./daemon.js').Daemon} daemon
 */
async function answering(url, daemon) {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      await withRedis(url, (redis) => redis.ping());
      return;
    } catch (error) {
      if (!daemon.alive()) throw new Error(`Redis did not start:\n${daemon.log()}`, { cause: error });
      if (performance.now() > deadline) throw error;
      await delay(20);
    }
  }
}
