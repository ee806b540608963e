/** What is used of the SQLite driver: better-sqlite3's interface, which libsql has as well. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): Prepared;
}

export interface Prepared {
  run(parameters: readonly unknown[]): { changes: number };
  get(parameters: readonly unknown[]): unknown;
  all(parameters: readonly unknown[]): unknown[];
}
