import type Sqlite from 'libsql';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SqliteEngine } from '../../sqlite/sqlite-engine.js';
import { instant } from './instant.js';
import { digestOf } from './staged-bytes.js';
import { damaged, type StoredFile } from './stored-file.js';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly created: number;
  readonly expires: string | null;
  readonly tags: string;
  readonly owner: string;
  readonly acl: string;
}

const DESCRIPTION = 'id, name, size, sha256, created, expires, tags, owner, acl';
/** So few that a turn with them is a short one. */
const SWEPT_AT_ONCE = 100;
/** So few that a step takes a few milliseconds, and a sweep moves 100 MiB at the most. */
const VACUUM_STEP_BYTES = 1_048_576;
const VACUUM_STEPS = 100;
/** Free space that is kept for what comes next, at the least. */
const KEPT_BYTES = 16 * 1_048_576;

/**
 * Files as rows of a database: what comes or goes in one turn of the event loop shares a commit, and so one flush.
 * Changes of one id must not overlap. Rejects with SQLite's errors.
 */
export class SmallFiles {
  /** @param connection of {@link openSmallDatabase}; closed by {@link close}. It may have no other engine than this one. */
  constructor(
    private readonly connection: Sqlite.Database,
    private readonly engine = new SqliteEngine(connection),
  ) {}

  /** The file where it is there and has not expired at `now` (milliseconds since the epoch). */
  async find(id: string, now: number): Promise<StoredFile | null> {
    const [row] = await this.select<Row>(DESCRIPTION, id, now);
    return row === undefined ? null : fileOf(row);
  }

  /**
   * As {@link find}, with all its bytes.
   * @throws DomainError `unavailable` where they are not those that were stored
   */
  async read(id: string, now: number): Promise<{ file: StoredFile; bytes: Uint8Array } | null> {
    const [row] = await this.select<Row & { bytes: ArrayBuffer }>(`${DESCRIPTION}, bytes`, id, now);
    if (row === undefined) return null;
    const bytes = Buffer.from(row.bytes);
    if (digestOf(bytes) !== row.sha256) throw damaged();
    return { file: fileOf(row), bytes };
  }

  /** Stores, durably, where no row has that id, expired or not; false where one has. */
  async addNew(file: StoredFile, bytes: Uint8Array): Promise<boolean> {
    return (await this.insert('INSERT OR IGNORE', file, bytes)) > 0;
  }

  /** Stores, durably, under an id where {@link find} finds nothing. */
  async add(file: StoredFile, bytes: Uint8Array): Promise<void> {
    await this.insert('INSERT OR REPLACE', file, bytes);
  }

  /** Says who may read it, durably; false where there is none. */
  async share(id: string, acl: readonly string[]): Promise<boolean> {
    return (await this.change('UPDATE files SET acl = ? WHERE id = ?', [JSON.stringify(acl), id])) > 0;
  }

  /** Tells whether there was one, expired or not. */
  async remove(id: string): Promise<boolean> {
    return (await this.change('DELETE FROM files WHERE id = ?', [id])) > 0;
  }

  /** Removes what has expired at `now`, and gives space back where much more is free than is likely to be used soon. */
  async sweep(now: number): Promise<void> {
    const due = `SELECT rowid FROM files WHERE expires <= ? LIMIT ${SWEPT_AT_ONCE}`;
    const sql = `DELETE FROM files WHERE rowid IN (${due})`;
    let removed = SWEPT_AT_ONCE;
    while (removed === SWEPT_AT_ONCE) removed = await this.change(sql, [instant(BigInt(now))]);
    // A file of an earlier version may have larger pages.
    const pages = VACUUM_STEP_BYTES / this.count('page_size');
    for (let steps = 0; steps < VACUUM_STEPS && this.isMostlyFree(); steps += 1) {
      this.connection.exec(`PRAGMA incremental_vacuum(${pages})`);
      await nextTurn();
    }
  }

  /** Writes all into the one file, and gives it back: its descriptors go with the statements, as those are collected. */
  close(): void {
    this.engine.close();
    try {
      this.connection.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // Nothing is lost by that: the log is durable, and the next start goes on with it.
    }
    this.connection.close();
  }

  private isMostlyFree(): boolean {
    const free = this.count('freelist_count');
    return free * this.count('page_size') > KEPT_BYTES && free > this.count('page_count') / 2;
  }

  private count(pragma: 'freelist_count' | 'page_count' | 'page_size'): number {
    const [row] = this.connection.pragma(pragma) as Record<string, number>[];
    return row?.[pragma] ?? 0;
  }

  private select<Found>(columns: string, id: string, now: number): Promise<Found[]> {
    const sql = `SELECT ${columns} FROM files WHERE id = ? AND (expires IS NULL OR expires > ?)`;
    return this.engine.rows({ sql, parameters: [id, instant(BigInt(now))] }) as Promise<Found[]>;
  }

  private insert(verb: string, file: StoredFile, bytes: Uint8Array): Promise<number> {
    const { id, size, sha256, createdAt, expiresAt } = file;
    const [name, tags] = [JSON.stringify(file.name), JSON.stringify(file.tags)];
    const expires = expiresAt === null ? null : instant(expiresAt);
    const [owner, acl] = [JSON.stringify(file.owner), JSON.stringify(file.acl)];
    const described = [id, name, size, sha256, createdAt.getTime(), expires, tags, owner, acl];
    const sql = `${verb} INTO files (${DESCRIPTION}, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    return this.change(sql, [...described, bytes]);
  }

  private change(sql: string, parameters: readonly unknown[]): Promise<number> {
    return this.engine.write([{ sql, parameters }], 'durable');
  }
}

function fileOf({ id, name, size, sha256, created, expires, tags, owner, acl }: Row): StoredFile {
  return {
    ...{ id, size, sha256 },
    name: JSON.parse(name) as string,
    createdAt: new Date(created),
    expiresAt: expires === null ? null : BigInt(expires),
    tags: JSON.parse(tags) as string[],
    owner: JSON.parse(owner) as string,
    acl: JSON.parse(acl) as string[],
  };
}
