/** The two families of databases: SQLite in this process, or a MySQL or MariaDB server. */
export type Dialect = 'sqlite' | 'mysql';

/** Column types that mean the same on both, with the lengths that a job needs. */
export function columnTypes(dialect: Dialect) {
  const mysql = dialect === 'mysql';
  return {
    /** A UUID in its textual form, compared by bytes. */
    uuid: mysql
      ? ({ type: 'char', length: 36, charset: 'ascii', collation: 'ascii_bin' } as const)
      : ({ type: 'varchar', length: 36 } as const),
    /** A short text compared by bytes: no collation may merge two users or two labels. */
    exact: (length: number) =>
      mysql
        ? ({ type: 'varchar', length, charset: 'utf8mb4', collation: 'utf8mb4_bin' } as const)
        : ({ type: 'varchar', length } as const),
    /** Up to 16 MiB: MySQL's `text` would end at 64 KiB. */
    longText: mysql
      ? ({ type: 'mediumtext', charset: 'utf8mb4', collation: 'utf8mb4_bin' } as const)
      : ({ type: 'text' } as const),
    int: { type: mysql ? 'int' : 'integer' } as const,
    /** Milliseconds since the epoch. */
    instant: { type: 'bigint' } as const,
  };
}

/** The dialect of a data source, by its TypeORM type: MySQL and MariaDB differ for TypeORM alone. */
export function dialectOfType(type: string): Dialect {
  return type === 'mysql' || type === 'mariadb' ? 'mysql' : 'sqlite';
}
