import { afterEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import Sqlite from 'libsql';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ConfigError, JobManager, type JobManagerExtras, JobManagerModule } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { type DatabaseKind, describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

@Module({})
class Host {}

let context: INestApplicationContext | undefined;
afterEach(async () => {
  await context?.close();
  context = undefined;
});

/** As a host would have it, with a table of its own. */
async function hostOptions(database: DatabaseKind): Promise<DataSourceOptions> {
  const { url } = await database.create();
  if (database.name === 'MariaDB') return { type: 'mysql', url, synchronize: true, dateStrings: true };
  const path = url.slice('sqlite:'.length);
  return { type: 'better-sqlite3', driver: Sqlite, database: path, synchronize: true };
}

async function managerBeside(extras: Partial<JobManagerExtras>): Promise<JobManager> {
  const module = JobManagerModule.forRoot({ dataDir: await temporaryDirectory(), ...extras });
  context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  return context.get(JobManager);
}

async function answerOf(manager: JobManager, command: string): Promise<string> {
  const { jobId } = await manager.run({ command });
  await eventually(async () => {
    expect(await manager.info(jobId)).toMatchObject({ state: 'succeeded' });
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of manager.output(jobId)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describeOnDatabases("beside a host's data source", (database) => {
  it('our tables live with the prefix, and its own stay as they are', async () => {
    const host = await new DataSource(await hostOptions(database)).initialize();
    try {
      await host.query('CREATE TABLE jobs (id INTEGER)');
      await host.query('INSERT INTO jobs VALUES (7)');
      const manager = await managerBeside({ dataSource: host });
      expect(await answerOf(manager, 'echo beside')).toBe('beside\n');
      expect(await host.query('SELECT id FROM jobs')).toEqual([{ id: 7 }]);
      const [row] = await host.query<{ count: unknown }[]>('SELECT COUNT(*) AS count FROM job_manager_jobs');
      expect(Number(row?.count)).toBe(1);
      expect(host.entityMetadatas).toEqual([]);
    } finally {
      await host.destroy();
    }
  });

  it('a job that was accepted while a transaction of the host was open outlives its rollback', async () => {
    const host = await new DataSource(await hostOptions(database)).initialize();
    try {
      await host.query('CREATE TABLE orders (id INTEGER)');
      const manager = await managerBeside({ dataSource: host });
      const runner = host.createQueryRunner();
      await runner.startTransaction();
      await runner.query('INSERT INTO orders VALUES (1)');
      const accepted = manager.run({ command: 'echo kept' });
      // It must not keep the host from going on: on SQLite, there is one writer at a time.
      await manager.list();
      await runner.rollbackTransaction();
      await runner.release();
      const { jobId } = await accepted;
      await eventually(async () => {
        expect(await manager.info(jobId)).toMatchObject({ state: 'succeeded' });
      });
      expect(await host.query('SELECT id FROM orders')).toEqual([]);
    } finally {
      await host.destroy();
    }
  });

  it('is found by its injection token', async () => {
    const options = await hostOptions(database);
    const dataDir = await temporaryDirectory();
    const host: DynamicModule = {
      module: Host,
      imports: [
        TypeOrmModule.forRoot(options),
        JobManagerModule.forRoot({ dataDir, dataSource: getDataSourceToken() }),
      ],
    };
    context = await NestFactory.createApplicationContext(host, { logger: false, abortOnError: false });
    expect(await answerOf(context.get(JobManager, { strict: false }), 'echo token')).toBe('token\n');
    expect(context.get(DataSource).options.entityPrefix).toBeUndefined();
  });
});

describe('a data source', () => {
  const inMemory = new DataSource({ type: 'better-sqlite3', driver: Sqlite, database: ':memory:' });
  const elsewhere = { options: { type: 'postgres' }, driver: {} } as unknown as DataSource;

  it.each([
    ['in memory', inMemory, /in memory/],
    ['of another kind', elsewhere, /postgres/],
  ])('%s is refused in words', async (_what, dataSource, words) => {
    await expect(managerBeside({ dataSource })).rejects.toThrow(ConfigError);
    await expect(managerBeside({ dataSource })).rejects.toThrow(words);
  });

  it('is not given together with a URL', async () => {
    const path = join(await temporaryDirectory(), 'x.sqlite');
    const both = JobManagerModule.forRoot({ dataSource: inMemory, databaseUrl: `sqlite:${path}` });
    const start = NestFactory.createApplicationContext(both, { logger: false, abortOnError: false });
    await expect(start).rejects.toThrow(/dataSource and databaseUrl/);
  });
});
