import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'libsql';

interface Connection {
  pragma(source: string): unknown;
}

/**
 * Only a new file takes it. Each change of a job writes whole pages of a table and four indexes to the log: with SQLite's own 4 KiB
 * that takes half as long again.
 */
const PAGE_BYTES = 2_048;

/**
 * Full durability: what was answered survives a power cut, not only a crash. The write-ahead log makes that
 * one fsync for each commit.
 *
 * @param first pragmas that a new file takes only before anything else, such as `auto_vacuum`
 */
export function makeDurable(connection: Connection, first: readonly string[] = []): void {
  connection.pragma(`page_size = ${PAGE_BYTES}`);
  for (const pragma of first) connection.pragma(pragma);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('busy_timeout = 1000');
}

/**
 * The same for a file that others of this process write to as well: whoever waited here for their transactions to end would
 * keep them from ending them.
 */
export function makeDurableBeside(connection: Connection): void {
  makeDurable(connection);
  connection.pragma('busy_timeout = 0');
}

/** Makes the file, if it is new, for its owner only. SQLite's other files follow it. */
export function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

/** Opens a durable database of our own, made if it isn't there; `first` as of {@link makeDurable}. */
export function openDurable(path: string, first: readonly string[] = []): Sqlite.Database {
  makePrivate(path);
  const connection = new Sqlite(path);
  try {
    makeDurable(connection, first);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
