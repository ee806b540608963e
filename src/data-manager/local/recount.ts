import type Sqlite from 'libsql';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../../kernel/errors.js';
import { isUuid } from '../../kernel/ids.js';
import { type SqliteEngine } from '../../sqlite/sqlite-engine.js';
import { type FileLayout } from './file-layout.js';
import { readSidecar } from './sidecar.js';
import { beginCounting, StoredBytes } from './stored-bytes.js';
import { type StoredFile } from './stored-file.js';

const AT_ONCE = 64;
const PAGE = 1_000;

export interface Countable {
  readonly connection: Sqlite.Database;
  /** On that connection. */
  readonly engine: SqliteEngine;
  readonly layout: FileLayout;
}

/** Begins to count all files, or goes on with it. */
export async function countedIn({ connection, engine, layout }: Countable): Promise<StoredBytes> {
  beginCounting(connection);
  const stored = new StoredBytes(connection, engine);
  await recount(stored, layout);
  return stored;
}

/**
 * Makes what is noted of large files agree with those that are there, after {@link removeLeftovers}. Of those that are noted
 * it reads the names alone; a file keeps what its note says as long as it is there.
 */
async function recount(stored: StoredBytes, layout: FileLayout): Promise<void> {
  let known = 0;
  for (const shard of layout.shards) {
    const ids = (await readdir(shard)).filter(isUuid);
    const unknown = ids.filter((id) => !stored.isNoted(id));
    known += ids.length - unknown.length;
    while (unknown.length > 0) known += await note(unknown.splice(0, AT_ONCE), { stored, shard });
  }
  if (stored.noted > known) await forgetGone(stored, layout);
}

/** Together, so that they share a commit; tells how many it could note. */
async function note(
  ids: readonly string[],
  { stored, shard }: { stored: StoredBytes; shard: string },
): Promise<number> {
  const files = await Promise.all(ids.map((id) => described(join(shard, `${id}.json`))));
  const whole = files.filter((file) => file !== null);
  await Promise.all(whole.map((file) => stored.note(file)));
  return whole.length;
}

/** Null where it is damaged: nobody knows whose it is. */
async function described(path: string): Promise<StoredFile | null> {
  try {
    return await readSidecar(path);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

async function forgetGone(stored: StoredBytes, layout: FileLayout): Promise<void> {
  let page = stored.notedAfter('', PAGE);
  while (page.length > 0) {
    const gone = page.filter((id) => !existsSync(layout.dataOf(id)));
    await Promise.all(gone.map((id) => stored.forget(id)));
    page = stored.notedAfter(page.at(-1) ?? '', PAGE);
  }
}
