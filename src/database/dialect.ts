/** The two families of databases: SQLite in this process, or a MySQL or MariaDB server. */
export type Dialect = 'sqlite' | 'mysql';

/** A column's type as TypeORM's entities and migrations take it. */
export interface ColumnType {
  readonly type: 'char' | 'varchar' | 'varbinary' | 'text' | 'mediumtext' | 'int' | 'integer' | 'bigint';
  readonly length?: number;
  readonly charset?: string;
  readonly collation?: string;
}

export interface ColumnTypes {
  /** A UUID in its textual form, compared by bytes. */
  readonly uuid: ColumnType;
  /** A short text compared by bytes: no collation may merge two users or two labels. */
  readonly exact: (length: number) => ColumnType;
  /** As `exact`, of ASCII alone: a quarter of the room in an index. */
  readonly exactAscii: (length: number) => ColumnType;
  /** A short text of so many bytes. All of them count: MySQL's collations, `_bin` too, pass over blanks at the end. */
  readonly bytes: (length: number) => ColumnType;
  /** Up to 16 MiB: MySQL's `text` would end at 64 KiB. */
  readonly longText: ColumnType;
  readonly int: ColumnType;
  /** Milliseconds since the epoch. */
  readonly instant: ColumnType;
}

const BY_BYTES = { charset: 'utf8mb4', collation: 'utf8mb4_bin' };
const ASCII_BY_BYTES = { charset: 'ascii', collation: 'ascii_bin' };

const MYSQL: ColumnTypes = {
  uuid: { type: 'char', length: 36, ...ASCII_BY_BYTES },
  exact: (length) => ({ type: 'varchar', length, ...BY_BYTES }),
  exactAscii: (length) => ({ type: 'varchar', length, ...ASCII_BY_BYTES }),
  bytes: (length) => ({ type: 'varbinary', length }),
  longText: { type: 'mediumtext', ...BY_BYTES },
  int: { type: 'int' },
  instant: { type: 'bigint' },
};

const SQLITE: ColumnTypes = {
  uuid: { type: 'varchar', length: 36 },
  exact: (length) => ({ type: 'varchar', length }),
  exactAscii: (length) => ({ type: 'varchar', length }),
  bytes: (length) => ({ type: 'varchar', length }),
  longText: { type: 'text' },
  int: { type: 'integer' },
  instant: { type: 'bigint' },
};

/** Column types that mean the same on both, with the lengths that a job needs. */
export function columnTypes(dialect: Dialect): ColumnTypes {
  return dialect === 'mysql' ? MYSQL : SQLITE;
}

/** The dialect of a data source, by its TypeORM type: MySQL and MariaDB differ for TypeORM alone. */
export function dialectOfType(type: string): Dialect {
  return type === 'mysql' || type === 'mariadb' ? 'mysql' : 'sqlite';
}
