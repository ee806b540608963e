import type Sqlite from 'libsql';
import { existsSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileLayout } from '../../data-manager/local/file-layout.js';
import { readSidecar } from '../../data-manager/local/sidecar.js';
import { openSmallDatabase } from '../../data-manager/local/small-database.js';
import { isUuid } from '../../kernel/ids.js';

/** By which an agent names the results that every attempt has. */
const RESULT_NAMES = new Set(['stdout', 'stderr']);
/** Ids that are derived, as those of results are, are of version 5; those of uploads are random ones. */
const DERIVED = /^[0-9a-f]{8}-[0-9a-f]{4}-5/;
const PAGE = 1_000;

/** The files of a data manager as they lie on disk, before anything of it has looked at them. Nothing else may use them meanwhile. */
export class DiskFiles {
  private readonly small: Sqlite.Database | null;

  /** @throws Error where `small.db` is damaged */
  constructor(readonly layout: FileLayout) {
    this.small = existsSync(layout.small) ? openSmallDatabase(layout.small) : null;
  }

  close(): void {
    this.small?.close();
  }

  has(id: string): Promise<boolean> {
    const row: unknown = this.small?.prepare('SELECT 1 FROM files WHERE id = ?').get([id]);
    return Promise.resolve(row !== undefined || existsSync(this.layout.dataOf(id)));
  }

  /** Of files that agents have stored as standard output or error. */
  async results(): Promise<Set<string>> {
    const ids = new Set<string>();
    for (const { id, name } of this.smallRows<{ id: string; name: string }>('id, name')) {
      if (DERIVED.test(id) && RESULT_NAMES.has(JSON.parse(name) as string)) ids.add(id);
    }
    for await (const id of this.large()) {
      if (!DERIVED.test(id)) continue;
      const file = await readSidecar(this.layout.sidecarOf(id)).catch(() => null);
      if (file !== null && RESULT_NAMES.has(file.name)) ids.add(id);
    }
    return ids;
  }

  async remove(id: string): Promise<void> {
    this.small?.prepare('DELETE FROM files WHERE id = ?').run([id]);
    // First what makes it a file.
    await rm(this.layout.dataOf(id), { force: true });
    await rm(this.layout.sidecarOf(id), { force: true });
  }

  /** Ids of files that have bytes of their own on disk. */
  async *large(): AsyncGenerator<string> {
    for (const shard of this.layout.shards) yield* (await namesIn(shard)).filter(isUuid);
  }

  sizeOf(id: string): number {
    return statSync(this.layout.dataOf(id)).size;
  }

  /** @param columns `id` among them */
  *smallRows<Row extends { id: string }>(columns: string, where = '1 = 1'): Generator<Row> {
    if (this.small === null) return;
    const sql = `SELECT ${columns} FROM files WHERE id > ? AND ${where} ORDER BY id LIMIT ${String(PAGE)}`;
    const page = this.small.prepare(sql);
    for (let last = ''; ;) {
      const rows = page.all([last]) as Row[];
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || rows.length < PAGE) return;
      last = end.id;
    }
  }

  /** What is noted of who stores how much; undefined where nothing is counted. */
  countedBytes(): Map<string, number> | undefined {
    const table = this.small?.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'stored_bytes'").get([]);
    if (this.small === null || table === undefined) return undefined;
    const rows = this.small.prepare('SELECT owner, bytes FROM stored_bytes').all([]) as {
      owner: string;
      bytes: number;
    }[];
    return new Map(rows.map(({ owner, bytes }) => [owner, bytes]));
  }

  /** What it should be, of all rows by which it is counted. */
  sumOfBytes(): Map<string, number> {
    const sql =
      'SELECT owner, SUM(size) AS bytes FROM (SELECT owner, size FROM files UNION ALL SELECT owner, size FROM large_files) GROUP BY owner';
    const rows = (this.small?.prepare(sql).all([]) ?? []) as { owner: string; bytes: number }[];
    return new Map(rows.map(({ owner, bytes }) => [owner, bytes]));
  }

  setCountedBytes(owner: string, bytes: number): void {
    const sql = 'INSERT OR REPLACE INTO stored_bytes (owner, bytes) VALUES (?, ?)';
    this.small?.prepare(sql).run([owner, bytes]);
  }
}

/** None where there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? (await readdir(folder)).sort() : [];
}

/** What must be removed by its name in a folder. */
export function removalOf(folder: string, name: string): () => Promise<void> {
  return () => rm(join(folder, name), { force: true });
}
