import { existsSync } from 'node:fs';
import { type DataSource } from 'typeorm';
import { type AppConfig } from './config/config.js';
import { DataDirectory, DataDirectoryInUseError } from './data-directory/data-directory.js';
import { infoIfStored } from './data-manager/file-store.js';
import { HttpFileStore } from './data-manager/http/http-file-store.js';
import { FileLayout } from './data-manager/local/file-layout.js';
import { createDataSource } from './database/data-source.js';
import { dialectOf, sqlitePath } from './database/database-url.js';
import { Database } from './database/database.js';
import { MIGRATIONS } from './database/migrations/index.js';
import { type Check } from './doctor/check.js';
import { DiskFiles } from './doctor/files/disk-files.js';
import { fileChecks } from './doctor/files/file-checks.js';
import { hostChecks } from './doctor/host/host-checks.js';
import { JobTable } from './doctor/jobs/job-table.js';
import { labelChecks } from './doctor/jobs/label-checks.js';
import { resultChecks, type ResultFiles } from './doctor/jobs/result-checks.js';
import { rowChecks } from './doctor/jobs/row-rules.js';
import { webhookChecks } from './doctor/jobs/webhook-checks.js';
import { queueCheck } from './doctor/queue/queue-check.js';
import { QueueEntries } from './execution/queue/redis/queue-entries.js';
import { entitiesFor } from './jobs/entities.js';

export interface Examination {
  readonly checks: readonly Check[];
  /** What can't be looked at here, and why. */
  readonly omitted: readonly string[];
  close(): Promise<void>;
}

/** What is put together for an examination, and must be closed after it, last first. */
class Parts implements Examination {
  readonly checks: Check[] = [];
  readonly omitted: string[] = [];
  private readonly closings: (() => unknown)[] = [];

  closeBy(closing: () => unknown): void {
    this.closings.unshift(closing);
  }

  async close(): Promise<void> {
    for (const closing of this.closings) await closing();
  }
}

/**
 * All checks that the settings allow.
 * @throws Error where the database can't be looked at: it is away, of another version, or used by a server
 */
export async function examinationOf(config: AppConfig): Promise<Examination> {
  const parts = new Parts();
  try {
    const directory = await heldDirectory(config, parts);
    const table = new JobTable(await databaseOf(config, parts));
    parts.checks.push(...rowChecks(table), ...labelChecks(table), ...webhookChecks(table));
    const files = filesOf(config, directory, parts);
    if (files !== undefined) parts.checks.push(...resultChecks(table, files));
    addQueue(config, table, parts);
    if (directory !== null) parts.checks.push(...hostChecks(directory));
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** Null where another process holds it: of what lies there nothing can be said. */
async function heldDirectory(
  { dataDir, databaseUrl }: AppConfig,
  parts: Parts,
): Promise<DataDirectory | null> {
  try {
    const directory = await DataDirectory.hold(dataDir);
    parts.closeBy(() => {
      directory.release();
    });
    return directory;
  } catch (error) {
    if (!(error instanceof DataDirectoryInUseError)) throw error;
    if (dialectOf(databaseUrl) === 'sqlite')
      throw new Error(`A server runs in ${dataDir}: stop it first.`, { cause: error });
    parts.omitted.push(`files, directories and processes of ${dataDir}: a server or agent runs there`);
    return null;
  }
}

async function databaseOf({ databaseUrl: url, tablePrefix }: AppConfig, parts: Parts): Promise<Database> {
  const dialect = dialectOf(url);
  if (dialect === 'sqlite' && !existsSync(sqlitePath(url))) throw new Error('There is no database yet.');
  const entities = entitiesFor({ dialect, tablePrefix });
  const source = createDataSource({ url, tablePrefix, entities, migrations: MIGRATIONS });
  await source.initialize();
  parts.closeBy(() => source.destroy());
  await assertUpToDate(source);
  return new Database(source);
}

async function assertUpToDate(source: DataSource): Promise<void> {
  if (await source.showMigrations())
    throw new Error('The database is of an earlier version: start the server of this one first.');
}

/** Undefined where they are on this disk, and another process uses them. */
function filesOf(config: AppConfig, directory: DataDirectory | null, parts: Parts): ResultFiles | undefined {
  const { dataManagerUrl: url, dataManagerToken: token } = config;
  if (url !== undefined) {
    const store = new HttpFileStore({ baseUrl: url, ...(token === undefined ? {} : { token }) });
    parts.closeBy(() => {
      store.onApplicationShutdown();
    });
    parts.omitted.push('files that no job names: they are with another data manager');
    return { has: async (id) => (await infoIfStored(store, id)) !== null, remove: (id) => store.remove(id) };
  }
  if (directory === null) return undefined;
  const files = new DiskFiles(new FileLayout(directory.files));
  parts.closeBy(() => {
    files.close();
  });
  parts.checks.push(...fileChecks(files));
  return { has: (id) => files.has(id), results: () => files.results(), remove: (id) => files.remove(id) };
}

function addQueue({ redisUrl: url, redisPrefix: prefix }: AppConfig, table: JobTable, parts: Parts): void {
  if (url === undefined) return;
  const queue = new QueueEntries({ url, prefix });
  parts.closeBy(() => queue.close());
  parts.checks.push(queueCheck(table, queue));
}
