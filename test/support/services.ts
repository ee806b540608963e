import { describe, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createConnection } from 'mysql2/promise';
import { findMariaDb, startMariaDb as startIn, type MariaDb } from './run/mariadb.js';
import { findProgram } from './run/programs.js';
import { findRedis, startRedis as startRedisIn, type RedisServer, withRedis } from './run/redis.js';
import { atEndOfFile } from './end-of-file.js';
import { temporaryDirectory } from './temporary-directory.js';

/** An empty database of the caller's own. */
export interface TestDatabase {
  /** As `DATABASE_URL` takes it. */
  readonly url: string;
  drop(): Promise<void>;
}

/** A kind of database that a suite runs on. */
export interface DatabaseKind {
  readonly name: 'SQLite' | 'MariaDB';
  /** A fresh database, dropped at the end of the test file if not before. */
  create(): Promise<TestDatabase>;
}

const sqlite: DatabaseKind = {
  name: 'SQLite',
  async create() {
    const url = `sqlite:${join(await temporaryDirectory(), 'test.sqlite')}`;
    return { url, drop: () => Promise.resolve() };
  },
};
const mariadb: DatabaseKind = { name: 'MariaDB', create: createDatabase };

const NO_MARIADB = 'no TEST_MYSQL_URL, and no mariadbd or mariadb-install-db on PATH';
const NO_OWN_MARIADB = 'no mariadbd or mariadb-install-db on PATH';
const NO_REDIS = 'no TEST_REDIS_URL, and no redis-server on PATH';
const NO_OWN_REDIS = 'no redis-server on PATH';
const NO_CHROMIUM = 'no chromium on PATH';

/** `describe` that needs a MariaDB or MySQL: the one of `TEST_MYSQL_URL`, or a throwaway one. */
export function describeWithMysql(name: string, suite: () => void): void {
  describeIf(process.env.TEST_MYSQL_URL ?? findMariaDb(), { name, lacking: NO_MARIADB, suite });
}

/** `describe` that needs MariaDB's programs, to stop and start one of its own with {@link startMariaDb}. */
export function describeWithOwnMariaDb(name: string, suite: () => void): void {
  describeIf(findMariaDb(), { name, lacking: NO_OWN_MARIADB, suite });
}

/** `describe` that needs a Redis: the one of `TEST_REDIS_URL`, or a throwaway one. */
export function describeWithRedis(name: string, suite: () => void): void {
  describeIf(process.env.TEST_REDIS_URL ?? findRedis(), { name, lacking: NO_REDIS, suite });
}

/** `describe` that needs Redis' program, to stop and start one of its own with {@link startRedis}. */
export function describeWithOwnRedis(name: string, suite: () => void): void {
  describeIf(findRedis(), { name, lacking: NO_OWN_REDIS, suite });
}

/** `describe` that needs the programs of both, to stop and start its own. */
export function describeWithOwnServices(name: string, suite: () => void): void {
  const lacking = findMariaDb() ? NO_OWN_REDIS : NO_OWN_MARIADB;
  describeIf(findMariaDb() && findRedis(), { name, lacking, suite });
}

/** The same suite once on SQLite and once on MariaDB. */
export function describeOnDatabases(name: string, suite: (database: DatabaseKind) => void): void {
  describe(`${name} on SQLite`, () => {
    suite(sqlite);
  });
  describeWithMysql(`${name} on MariaDB`, () => {
    suite(mariadb);
  });
}

/** `describe` that needs Chromium; the suite gets the path of its program. */
export function describeWithChromium(name: string, suite: (executablePath: string) => void): void {
  const chromium = findProgram('chromium', 'chromium-browser', 'google-chrome');
  describeIf(chromium, {
    name,
    lacking: NO_CHROMIUM,
    suite: () => {
      suite(chromium ?? '');
    },
  });
}

/** `describe` that needs OpenSSL's program, to make certificates; the suite gets its path. */
export function describeWithOpenSsl(name: string, suite: (openssl: string) => void): void {
  const openssl = findProgram('openssl');
  describeIf(openssl, {
    name,
    lacking: 'no openssl on PATH',
    suite: () => {
      suite(openssl ?? '');
    },
  });
}

/** A fresh MariaDB database on the server that all test files share. */
export async function createDatabase(): Promise<TestDatabase> {
  const given = process.env.TEST_MYSQL_URL;
  const server = given ?? (await fromBroker('/mysql'));
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const drop = (): Promise<void> => onServer(server, `DROP DATABASE IF EXISTS ${name}`);
  atEndOfFile(drop);
  const url = new URL(server);
  url.pathname = `/${name}`;
  if (given === undefined) await givePassword(url, (statement) => onServer(server, statement));
  return { url: url.href, drop };
}

/** A user of its own, with a password, so that there is one that could be told to somebody. */
async function givePassword(url: URL, run: (statement: string) => Promise<void>): Promise<void> {
  url.username = `user_${randomBytes(8).toString('hex')}`;
  url.password = randomBytes(16).toString('hex');
  await run(`CREATE USER ${url.username} IDENTIFIED BY '${url.password}'`);
  atEndOfFile(() => run(`DROP USER ${url.username}`));
  await run(`GRANT ALL ON *.* TO ${url.username}`);
}

/** A part of a Redis that nobody else uses. */
export interface RedisSpace {
  /** As `REDIS_URL` takes it. */
  readonly url: string;
  /** As `REDIS_PREFIX` takes it. */
  readonly prefix: string;
  /** All keys that begin with the prefix, sorted. */
  keys(): Promise<string[]>;
}

/** A prefix of the caller's own on the Redis that all test files share. Its keys are gone with the test file. */
export async function createRedisSpace(): Promise<RedisSpace> {
  const url = process.env.TEST_REDIS_URL ?? (await withUser(await fromBroker('/redis')));
  const space = redisSpace(url, `test-${randomBytes(8).toString('hex')}`);
  atEndOfFile(async () => {
    const left = await space.keys();
    if (left.length > 0) await withRedis(url, (redis) => redis.del(left));
  });
  return space;
}

/** The same Redis for a user of its own, with a password. */
async function withUser(server: string): Promise<string> {
  const url = new URL(server);
  url.username = `test-${randomBytes(8).toString('hex')}`;
  url.password = randomBytes(16).toString('hex');
  const { username, password } = url;
  await withRedis(server, (redis) =>
    redis.call('ACL', 'SETUSER', username, 'on', `>${password}`, '~*', '&*', '+@all'),
  );
  atEndOfFile(() => withRedis(server, (redis) => redis.call('ACL', 'DELUSER', username)));
  return url.href;
}

/** The keys below a prefix of any Redis. */
export function redisSpace(url: string, prefix: string): RedisSpace {
  const keys = (): Promise<string[]> =>
    withRedis(url, async (redis) => (await redis.keys(`${prefix}*`)).sort());
  return { url, prefix, keys };
}

/** A Redis of the test's own, to be stopped, killed and started at will. Gone with the test file. */
export async function startRedis(): Promise<RedisServer> {
  const server = await startRedisIn({ directory: await temporaryDirectory() });
  atEndOfFile(() => server.kill());
  return server;
}

/** A MariaDB of the test's own, to be stopped, killed and started at will. Gone with the test file. */
export async function startMariaDb(): Promise<MariaDb> {
  const server = await startIn({ directory: await temporaryDirectory() });
  atEndOfFile(() => server.kill());
  return server;
}

interface Gate {
  readonly name: string;
  readonly lacking: string;
  readonly suite: () => void;
}

/** What can't run is said by name; where REQUIRE_SERVICES=1 promises that all is there, it is a failure. */
export function describeIf(available: unknown, { name, lacking, suite }: Gate): void {
  if (available) {
    describe(name, suite);
  } else if (process.env.REQUIRE_SERVICES === '1') {
    it(`${name}: its service is there`, () => {
      throw new Error(`${lacking}, and REQUIRE_SERVICES=1`);
    });
  } else {
    describe.skip(`[${lacking}] ${name}`, suite);
  }
}

function fromBroker(service: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath: process.env.TEST_SERVICE_BROKER, path: service }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(body));
      }, reject);
    })
      .on('error', reject)
      .end();
  });
}

/** Runs one statement over a connection of its own. */
export async function onServer(url: string, statement: string): Promise<void> {
  const connection = await createConnection(url);
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}
