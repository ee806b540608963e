import type Sqlite from 'libsql';
import { type SqliteEngine } from '../../sqlite/sqlite-engine.js';
import { instant } from './instant.js';
import { type StoredFile } from './stored-file.js';

/**
 * What each owner stores, kept by SQLite itself in the transaction that stores or removes a row. The bytes of large
 * files lie elsewhere, so each has a row here too, noted before it is there and removed after it is gone. Owners as in
 * `files`. No `OR …` within a trigger: that of the outer statement would hold in its place (`docs/decisions/0022-quota.md`).
 */
const COUNTED = `
  CREATE TABLE large_files (
    id      TEXT PRIMARY KEY NOT NULL,
    owner   TEXT NOT NULL,
    size    INTEGER NOT NULL,
    expires TEXT
  ) WITHOUT ROWID;
  CREATE INDEX large_files_by_end ON large_files (expires) WHERE expires IS NOT NULL;
  CREATE TABLE stored_bytes (owner TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO stored_bytes SELECT owner, SUM(size) FROM files GROUP BY owner;
  ${['files', 'large_files'].map(counting).join('')}`;

function counting(table: string): string {
  return `
    CREATE TRIGGER ${table}_come AFTER INSERT ON ${table} BEGIN
      INSERT INTO stored_bytes SELECT NEW.owner, 0
        WHERE NOT EXISTS (SELECT 1 FROM stored_bytes WHERE owner = NEW.owner);
      UPDATE stored_bytes SET bytes = bytes + NEW.size WHERE owner = NEW.owner;
    END;
    CREATE TRIGGER ${table}_go AFTER DELETE ON ${table} BEGIN
      UPDATE stored_bytes SET bytes = bytes - OLD.size WHERE owner = OLD.owner;
    END;`;
}

const UNCOUNTED = `
  DROP TRIGGER IF EXISTS files_come;
  DROP TRIGGER IF EXISTS files_go;
  DROP TABLE IF EXISTS large_files;
  DROP TABLE IF EXISTS stored_bytes`;

const EXPIRED = (table: string): string =>
  `SELECT COALESCE(SUM(size), 0) AS bytes FROM ${table} WHERE expires <= ? AND owner = ?`;
const ONE = (table: string): string => `SELECT size AS bytes FROM ${table} WHERE id = ? AND owner = ?`;

/** Begins to count, where that was not done yet; small files alone so far. */
export function beginCounting(connection: Sqlite.Database): void {
  // A row that another replaces is removed by that.
  connection.pragma('recursive_triggers = ON');
  const isCounted = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'stored_bytes'`).get([]);
  if (isCounted === undefined) connection.exec(`BEGIN IMMEDIATE; ${COUNTED}; COMMIT`);
}

/** Forgets all counts, so that none can be out of date when they are wanted again. */
export function endCounting(connection: Sqlite.Database): void {
  connection.exec(`BEGIN IMMEDIATE; ${UNCOUNTED}; COMMIT`);
}

/** A large file, as far as it is counted. */
export type Counted = Pick<StoredFile, 'id' | 'owner' | 'size' | 'expiresAt'>;

type Prepared = ReturnType<Sqlite.Database['prepare']>;

/** How many bytes each owner stores: exact after every change, and after every end of the process. */
export class StoredBytes {
  private readonly prepared = new Map<string, Prepared>();

  /** @param connection that counts, see {@link beginCounting}; `engine` is on the same one */
  constructor(
    private readonly connection: Sqlite.Database,
    private readonly engine: SqliteEngine,
  ) {}

  /** Of all files of that owner, those that have expired and were not yet removed among them. */
  of(owner: string): number {
    return this.sum('SELECT bytes FROM stored_bytes WHERE owner = ?', [JSON.stringify(owner)]);
  }

  /** Of those that have expired at `now` (milliseconds since the epoch): few, as a sweep removes them. */
  ofExpired(owner: string, now: number): number {
    const parameters = [instant(BigInt(now)), JSON.stringify(owner)];
    return this.sum(EXPIRED('files'), parameters) + this.sum(EXPIRED('large_files'), parameters);
  }

  /** Of that one file where it is stored and that owner's; else 0. */
  ofFile(id: string, owner: string): number {
    const parameters = [id, JSON.stringify(owner)];
    return Math.max(this.sum(ONE('files'), parameters), this.sum(ONE('large_files'), parameters));
  }

  /** To be called before a large file is there; durable, so that none ever is without. */
  async note({ id, owner, size, expiresAt }: Counted): Promise<void> {
    const sql = 'INSERT OR REPLACE INTO large_files (id, owner, size, expires) VALUES (?, ?, ?, ?)';
    const expires = expiresAt === null ? null : instant(expiresAt);
    const parameters = [id, JSON.stringify(owner), size, expires];
    await this.engine.write([{ sql, parameters }], 'durable');
  }

  /** To be called once a large file is gone. What a power cut leaves is found at the next start. */
  async forget(id: string): Promise<void> {
    await this.engine.write(
      [{ sql: 'DELETE FROM large_files WHERE id = ?', parameters: [id] }],
      'soon durable',
    );
  }

  isNoted(id: string): boolean {
    return this.sum('SELECT 1 AS bytes FROM large_files WHERE id = ?', [id]) > 0;
  }

  /** How many large files are noted. */
  get noted(): number {
    return this.sum('SELECT COUNT(*) AS bytes FROM large_files', []);
  }

  /** So many ids of noted files that come after `last`, in order. */
  notedAfter(last: string, most: number): string[] {
    const sql = `SELECT id FROM large_files WHERE id > ? ORDER BY id LIMIT ${most}`;
    return (this.statement(sql).all([last]) as { id: string }[]).map(({ id }) => id);
  }

  private sum(sql: string, parameters: readonly string[]): number {
    const found = this.statement(sql).get(parameters) as { bytes: number } | undefined;
    return found?.bytes ?? 0;
  }

  private statement(sql: string): Prepared {
    const prepared = this.prepared.get(sql) ?? this.connection.prepare(sql);
    this.prepared.set(sql, prepared);
    return prepared;
  }
}
