import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'libsql';

/**
 * Full durability: what was answered survives a power cut, not only a crash. The write-ahead log makes that
 * one fsync for each commit.
 */
export function makeDurable(connection: { pragma(source: string): unknown }): void {
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = FULL');
  connection.pragma('busy_timeout = 1000');
}

/**
 * The same for a file that others of this process write to as well: whoever waited here for their transactions to end would
 * keep them from ending them.
 */
export function makeDurableBeside(connection: { pragma(source: string): unknown }): void {
  makeDurable(connection);
  connection.pragma('busy_timeout = 0');
}

/** Makes the file, if it is new, for its owner only. SQLite's other files follow it. */
export function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * Opens a durable database of our own, made if it isn't there.
 * @param first pragmas that a new file takes only before anything else, such as `auto_vacuum`
 */
export function openDurable(path: string, first: readonly string[] = []): Sqlite.Database {
  makePrivate(path);
  const connection = new Sqlite(path);
  try {
    for (const pragma of first) connection.pragma(pragma);
    makeDurable(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
