import Sqlite from 'libsql';
import { DataSource, type DataSourceOptions, type EntitySchema, type MigrationInterface } from 'typeorm';
import { makeDurable, makePrivate } from '../sqlite/durable-file.js';
import { dialectOf, sqlitePath } from './database-url.js';

export interface DatabaseOptions {
  /** `sqlite:PATH` or `mysql://user:password@host:port/database`. */
  readonly url: string;
  /** Put before each table's name, so that a host's tables and ours don't meet. */
  readonly tablePrefix: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly (new () => MigrationInterface)[];
}

/** Makes SQLite's file, if it is new, for its owner only: commands and their variables lie in it. */
export function makeDatabasePrivate(url: string): void {
  if (dialectOf(url) !== 'sqlite' || sqlitePath(url) === ':memory:') return;
  makePrivate(sqlitePath(url));
}

/** The options of our data source on either dialect. The schema changes by migrations alone. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  const shared = {
    entities: [...options.entities],
    migrations: [...options.migrations],
    entityPrefix: options.tablePrefix,
    migrationsTableName: `${options.tablePrefix}migrations`,
    synchronize: false,
    migrationsRun: false,
    logging: false as const,
  };
  if (dialectOf(options.url) === 'sqlite') {
    return {
      ...shared,
      type: 'better-sqlite3',
      driver: Sqlite,
      database: sqlitePath(options.url),
      prepareDatabase: makeDurable,
    };
  }
  return {
    ...shared,
    type: options.url.startsWith('mariadb:') ? 'mariadb' : 'mysql',
    url: options.url,
    charset: 'utf8mb4',
    timezone: 'Z',
    poolSize: 10,
    connectTimeout: 5_000,
    extra: { enableKeepAlive: true, maxIdle: 10, idleTimeout: 60_000 },
  };
}

export function createDataSource(options: DatabaseOptions): DataSource {
  return new DataSource(dataSourceOptions(options));
}
