import type Sqlite from 'libsql';
import { openDurable } from '../../sqlite/durable-file.js';
import { NOBODY_IN_PARTICULAR } from '../file-access.js';
import { SMALL_FILE_BYTES } from './staged-bytes.js';

const VERSION = 2;

/**
 * `expires` in digits of one width, as it may exceed 64 bits; `name`, `tags`, `owner` and `acl` in JSON, as the driver
 * ends a text at a NUL; bytes last, so that the rest is read without them.
 */
const SCHEMA = `
  CREATE TABLE files (
    id      TEXT PRIMARY KEY NOT NULL,
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL,
    sha256  TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires TEXT,
    tags    TEXT NOT NULL,
    owner   TEXT NOT NULL,
    acl     TEXT NOT NULL,
    bytes   BLOB NOT NULL
  );
  CREATE INDEX files_by_end ON files (expires) WHERE expires IS NOT NULL;
  PRAGMA user_version = ${VERSION}`;

/** Files of before had no owners. */
const FROM_VERSION_1 = `
  ALTER TABLE files RENAME TO unowned;
  DROP INDEX files_by_end;
  ${SCHEMA};
  INSERT INTO files SELECT id, name, size, sha256, created, expires, tags, '"${NOBODY_IN_PARTICULAR}"', '[]', bytes FROM unowned;
  DROP TABLE unowned`;

/** Only a new file takes these: freed pages can then be given back to the disk without rewriting all. */
const FIRST = ['auto_vacuum = INCREMENTAL'];

/** Longer than the log between two checkpoints; what a burst made it more is given back. */
const KEPT_LOG_BYTES = 8 * 1024 * 1024;

/**
 * Opens the database of small files, made if it isn't there.
 * @throws Error that says what to do where it can't be used as it is, without naming a path beyond the store's
 */
export function openSmallDatabase(path: string): Sqlite.Database {
  let connection: Sqlite.Database | undefined;
  try {
    connection = openDurable(path, FIRST);
    connection.pragma(`journal_size_limit = ${KEPT_LOG_BYTES}`);
    bringUp(connection);
    return connection;
  } catch (error) {
    connection?.close();
    throw isDamage(error) ? unusable('damaged', error) : error;
  }
}

function bringUp(connection: Sqlite.Database): void {
  const [found] = connection.pragma('user_version') as { user_version: number }[];
  const version = found?.user_version ?? 0;
  if (version === 0) connection.exec(`BEGIN IMMEDIATE; ${SCHEMA}; COMMIT`);
  if (version === 1) connection.exec(`BEGIN IMMEDIATE; ${FROM_VERSION_1}; COMMIT`);
  if (version > VERSION) throw unusable('of a later version than this one');
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^SQLITE_(NOTADB|CORRUPT)/.test(String(error.code));
}

function unusable(how: string, cause?: unknown): Error {
  const message =
    `The data manager's small.db is ${how}. Restore it from a backup; or move it away, with ` +
    `small.db-wal and small.db-shm, which loses the files of up to ${SMALL_FILE_BYTES} bytes`;
  return new Error(message, { cause });
}
