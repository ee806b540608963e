import { expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { withRedis } from './run/redis.js';
import {
  createDatabase,
  createRedisSpace,
  describeWithMysql,
  describeWithOwnMariaDb,
  describeWithOwnRedis,
  describeWithRedis,
  startMariaDb,
  startRedis,
} from './services.js';

describeWithMysql('the shared MariaDB', () => {
  it('gives each caller an empty database of its own', async () => {
    const first = await createDatabase();
    const second = await createDatabase();
    expect(first.url).not.toBe(second.url);
    const connection = await createConnection(first.url);
    const [rows] = await connection.query('SHOW TABLES');
    await connection.end();
    expect(rows).toEqual([]);
  });
});

describeWithOwnMariaDb('a MariaDB of the test', () => {
  it('keeps its data and its address over a stop and a kill', async () => {
    const server = await startMariaDb();
    await query(server.url, 'CREATE DATABASE kept');
    await server.stop();
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow();
    await server.start();
    await server.kill();
    await server.start();
    expect(await query(server.url, "SHOW DATABASES LIKE 'kept'")).toHaveLength(1);
  });
});

describeWithRedis('the shared Redis', () => {
  it('gives each caller a prefix of its own', async () => {
    const first = await createRedisSpace();
    const second = await createRedisSpace();
    await withRedis(first.url, (redis) => redis.set(`${first.prefix}:a`, 'value'));
    expect(await first.keys()).toEqual([`${first.prefix}:a`]);
    expect(await second.keys()).toEqual([]);
  });
});

describeWithOwnRedis('a Redis of the test', () => {
  it('keeps its address over a kill, and nothing else', async () => {
    const server = await startRedis();
    const keys = (): Promise<string[]> => withRedis(server.url, (redis) => redis.keys('*'));
    const set = (): Promise<unknown> => withRedis(server.url, (redis) => redis.set('key', 'value'));
    await set();
    await server.kill();
    await expect(keys()).rejects.toThrow();
    await server.start();
    expect(await keys()).toEqual([]);
    await set();
    await server.flush();
    expect(await keys()).toEqual([]);
  });
});

async function query(url: string, statement: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(statement);
    return rows;
  } finally {
    await connection.end();
  }
}
