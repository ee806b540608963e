import { type DataSource, type DataSourceOptions } from 'typeorm';
import { makeDurableBeside } from '../sqlite/durable-file.js';
import { MYSQL_CONNECTIONS } from './mysql-connections.js';

/** The kinds of data sources beside which ours can be. */
const MYSQL_TYPES = ['mysql', 'mariadb'] as const;

/** What of the host's options says where the server is, and how it lets in. */
const ADDRESS = ['url', 'host', 'port', 'username', 'password', 'database', 'socketPath', 'ssl'] as const;

type MysqlOptions = Extract<DataSourceOptions, { type: (typeof MYSQL_TYPES)[number] }>;
type SqliteOptions = Extract<DataSourceOptions, { type: 'better-sqlite3' }>;

/** Why none of our tables can be where the host's data source leads, to go after its name; undefined where they can. */
export function obstacleBeside({ options }: DataSource): string | undefined {
  if ((MYSQL_TYPES as readonly string[]).includes(options.type)) return undefined;
  if (options.type !== 'better-sqlite3')
    return `is of type ${options.type}; it must be better-sqlite3, mysql or mariadb`;
  return isFile(options) ? undefined : 'is in memory, where nothing survives the process; it must be a file';
}

/**
 * Connections of our own to the host's database (`docs/decisions/0018-embed.md`): a transaction of the host's on a shared one
 * would take ours with it, and our settings would be its.
 */
export function connectionBeside(source: DataSource): DataSourceOptions {
  const { options } = source;
  if (options.type === 'better-sqlite3') return sqliteBeside(source, options);
  return mysqlBeside(options as MysqlOptions);
}

function isFile({ database }: SqliteOptions): boolean {
  return typeof database === 'string' && database !== '' && !database.includes(':memory:');
}

function sqliteBeside(
  source: DataSource,
  { database, nativeBinding, key }: SqliteOptions,
): DataSourceOptions {
  // Its very library: a second copy of SQLite in one process would undo the first one's locks on the file.
  const { sqlite: driver } = source.driver as unknown as { sqlite: unknown };
  return {
    type: 'better-sqlite3',
    driver,
    database,
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
    ...(key === undefined ? {} : { key }),
    prepareDatabase: makeDurableBeside,
  };
}

function mysqlBeside(options: MysqlOptions): DataSourceOptions {
  const server = { ...options, ...options.replication?.master };
  return {
    type: options.type,
    ...Object.fromEntries(
      ADDRESS.filter((name) => server[name] !== undefined).map((name) => [name, server[name] as unknown]),
    ),
    ...MYSQL_CONNECTIONS,
  };
}
