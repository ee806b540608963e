import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startRedis, withRedis } from '../../test/support/run/redis.js';

/**
 * A throwaway Redis for BullMQ.
 *
 * @param {string} parent directory in which it gets its own
 * @param {{ durable: boolean }} options `durable`: what it has answered is on disk; else it keeps nothing there
 * @returns {Promise<{ target: string, stop: () => Promise<void> }>}
 */
export async function redisFor(parent, { durable }) {
  const directory = join(parent, durable ? 'redis-durable' : 'redis');
  await mkdir(directory);
  const { url, stop } = await startRedis({ directory });
  if (durable) {
    await withRedis(url, (redis) => redis.config('SET', 'appendfsync', 'always', 'appendonly', 'yes'));
  }
  return { target: url, stop };
}
