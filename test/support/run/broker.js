import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariaDb } from './mariadb.js';
import { startRedis } from './redis.js';

/** @type {(() => unknown)[]} */
const endings = [];

/** @type {Record<string, () => Promise<string>>} what can be had by name; each answers with an address */
const starters = {
  '/mysql': shared(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'job-manager-mariadb-'));
    const mariadb = await startMariaDb({ directory, removeAfter: true });
    endings.push(mariadb.kill);
    return mariadb.url;
  }),
  '/redis': shared(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'job-manager-redis-'));
    const redis = await startRedis({ directory, removeAfter: true });
    endings.push(redis.kill);
    return redis.url;
  }),
};

/**
 * Listens where test files, which run in other processes, ask for the services that they share. The
 * first to ask starts the service: a run of unit tests starts none.
 *
 * @returns {Promise<string>} path of the socket
 */
export async function openBroker() {
  const directory = await mkdtemp(join(tmpdir(), 'job-manager-run-'));
  const server = createServer((request, response) => {
    const start = starters[request.url ?? ''] ?? (() => Promise.reject(new Error('no such service')));
    start().then(
      (address) => response.end(address),
      (/** @type {unknown} */ error) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(join(directory, 'socket')).unref();
  await once(server, 'listening');
  endings.push(
    () => rm(directory, { recursive: true, force: true }),
    () => server.close(),
  );
  return join(directory, 'socket');
}

/** Ends the services that were started. */
export async function closeBroker() {
  for (let end = endings.pop(); end; end = endings.pop()) await end();
}

/** @param {() => Promise<string>} start */
function shared(start) {
  /** @type {Promise<string> | undefined} */
  let started;
  return () => (started ??= start());
}
