import Sqlite from 'libsql';
import { DataSource, type DataSourceOptions, type EntitySchema, type MigrationInterface } from 'typeorm';
import { makeDurable, makePrivate } from '../sqlite/durable-file.js';
import { dialectOf, sqlitePath } from './database-url.js';
import { connectionBeside } from './host-connection.js';
import { MYSQL_CONNECTIONS } from './mysql-connections.js';

/** Where the database is. */
export type Whereabouts =
  /** `sqlite:PATH` or `mysql://user:password@host:port/database`. */
  | { readonly url: string }
  /** Where a host's own data source leads. */
  | { readonly beside: DataSource };

export type DatabaseOptions = Whereabouts & {
  /** Put before each table's name, so that a host's tables and ours don't meet. */
  readonly tablePrefix: string;
  readonly entities: readonly EntitySchema[];
  readonly migrations: readonly (new () => MigrationInterface)[];
};

/** Makes SQLite's file, if it is new, for its owner only: commands and their variables lie in it. A host's file is the host's. */
export function makeDatabasePrivate(options: Whereabouts): void {
  if (!('url' in options) || dialectOf(options.url) !== 'sqlite') return;
  if (sqlitePath(options.url) !== ':memory:') makePrivate(sqlitePath(options.url));
}

/** The options of our data source on either dialect. The schema changes by migrations alone. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    ...('url' in options ? connectionTo(options.url) : connectionBeside(options.beside)),
    entities: [...options.entities],
    migrations: [...options.migrations],
    entityPrefix: options.tablePrefix,
    migrationsTableName: `${options.tablePrefix}migrations`,
    synchronize: false,
    migrationsRun: false,
    logging: false,
  };
}

function connectionTo(url: string): DataSourceOptions {
  if (dialectOf(url) === 'sqlite') {
    return {
      type: 'better-sqlite3',
      driver: Sqlite,
      database: sqlitePath(url),
      prepareDatabase: (connection: Sqlite.Database) => {
        makeDurable(connection);
      },
    };
  }
  return { type: url.startsWith('mariadb:') ? 'mariadb' : 'mysql', url, ...MYSQL_CONNECTIONS };
}

export function createDataSource(options: DatabaseOptions): DataSource {
  return new DataSource(dataSourceOptions(options));
}
