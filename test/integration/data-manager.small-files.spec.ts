import { beforeEach, describe, expect, it } from '@jest/globals';
import type Sqlite from 'libsql';
import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type LocalFileStore } from '../../src/data-manager/index.js';
import { openSmallDatabase } from '../../src/data-manager/local/small-database.js';
import { SmallFiles } from '../../src/data-manager/local/small-files.js';
import { SMALL_FILE_BYTES } from '../../src/data-manager/local/staged-bytes.js';
import { onDisk } from '../../src/data-manager/local/storage-error.js';
import { type StoredFile } from '../../src/data-manager/local/stored-file.js';
import { bytes, digestOf } from '../support/file-sources.js';
import { openLocalStore } from '../support/local-store.js';
import { MovableClock } from '../support/movable-clock.js';
import { filesBelow } from '../support/stored-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const HOUR_MS = 3_600_000;
const SMALL = Buffer.from('the content');
const LARGE = bytes(SMALL_FILE_BYTES + 1);

let directory: string;
let clock: MovableClock;
let store: LocalFileStore;

beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'files');
  clock = new MovableClock(10 * HOUR_MS);
  store = await started();
});

const started = () => openLocalStore(directory, clock);

const put = (content: Buffer = SMALL, id: string = randomUUID()) =>
  store.put({ bytes: content }, { id, name: 'x' });
const withTtl = async (ttl: bigint, content: Buffer = SMALL, id: string = randomUUID()) =>
  store.commit(await store.stage(Readable.from([content])), { id, name: 'x', ttl });
const contentOf = async (id: string) => buffer((await store.open(id)).content);
const database = (): string => join(directory, 'small.db');

/** Looks into the database, or breaks it, behind the store's back. */
function behindItsBack<T>(work: (connection: Sqlite.Database) => T): T {
  const connection = openSmallDatabase(database());
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

describe('a small file', () => {
  it('is a row, for the owner only, and no file', async () => {
    const { id } = await put();
    expect(await filesBelow(directory)).toEqual([id]);
    for (const suffix of ['', '-wal', '-shm'])
      expect((await stat(database() + suffix)).mode & 0o777).toBe(0o600);
  });

  it('outlives the process, whether the store was closed or not', async () => {
    const { id } = await put();
    const known = await store.info(id);
    for (const close of [false, true]) {
      if (close) store.close();
      store = await started();
      expect(await store.info(id)).toEqual(known);
      expect(await contentOf(id)).toEqual(SMALL);
    }
  });

  it('lies in the one file once the store is closed', async () => {
    await put();
    store.close();
    expect((await stat(`${database()}-wal`).catch(() => ({ size: 0 }))).size).toBe(0);
    await expect(put()).rejects.toThrow('closed');
  });

  it('is copied from a file that its owner hands over', async () => {
    const ownedPath = join(await temporaryDirectory(), 'owned');
    await writeFile(ownedPath, SMALL);
    const { id } = await store.put(
      { open: () => Readable.from([]), ownedPath },
      { id: randomUUID(), name: 'x' },
    );
    await writeFile(ownedPath, 'changed later');
    expect(await contentOf(id)).toEqual(SMALL);
  });

  it('never passes for whole where it is damaged, and can be removed', async () => {
    const { id } = await put();
    behindItsBack((connection) => connection.exec("UPDATE files SET bytes = CAST('the c0ntent' AS BLOB)"));
    await expect(store.open(id)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.removeIfPresent(id)).toBe(true);
    expect(await filesBelow(directory)).toEqual([]);
  });

  it('that a version before kept as a file is that same file', async () => {
    const id = randomUUID();
    const path = join(directory, 'by-id', id.slice(-2), id);
    const sidecar = {
      id,
      name: 'old',
      sha256: digestOf(SMALL),
      size: SMALL.length,
      created_at: '2026-01-01T00:00:00Z',
    };
    await writeFile(path, SMALL);
    await writeFile(`${path}.json`, JSON.stringify(sidecar));
    store = await started();
    expect(await put(SMALL, id)).toMatchObject({ name: 'old' });
    await expect(put(Buffer.from('other'), id)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await contentOf(id)).toEqual(SMALL);
    expect(await store.removeIfPresent(id)).toBe(true);
    expect(await filesBelow(directory)).toEqual([]);
  });
});

describe('a ttl', () => {
  const notFound = { code: 'not_found' };

  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('ends a %s file at its exact moment', async (_kind, content) => {
    const { id, expiresAt } = await withTtl(90n, content);
    expect(expiresAt).toBe(BigInt(clock.now() + 90_000));
    clock.advance(89_999);
    expect((await store.info(id)).expiresAt).toBe(expiresAt);
    clock.advance(1);
    await expect(store.info(id)).rejects.toMatchObject(notFound);
    await expect(store.open(id)).rejects.toMatchObject(notFound);
    expect(await store.removeIfPresent(id)).toBe(false);
  });

  it('is exact where no number of SQLite could hold it', async () => {
    const { id } = await withTtl(2n ** 64n - 1n);
    expect((await store.info(id)).expiresAt).toBe(BigInt(clock.now()) + (2n ** 64n - 1n) * 1000n);
    await store.sweep();
    expect(await contentOf(id)).toEqual(SMALL);
  });

  it.each([
    ['small', SMALL, Buffer.from('other')],
    ['large', SMALL, LARGE],
    ['small', LARGE, SMALL],
    ['large', LARGE, Buffer.concat([LARGE, SMALL])],
  ])('gives the id free, to a %s file', async (_kind, before, after) => {
    const { id } = await withTtl(1n, before);
    clock.advance(1_000);
    await put(after, id);
    clock.advance(2 * HOUR_MS);
    await store.sweep();
    store = await started();
    expect((await contentOf(id)).equals(after)).toBe(true);
  });

  it('is swept from the database, many at a time, and nothing else is', async () => {
    await Promise.all(Array.from({ length: 250 }, () => withTtl(60n)));
    const [later, unlimited] = [await withTtl(61n), await put()];
    clock.advance(60_000);
    await store.sweep();
    expect((await filesBelow(directory)).sort()).toEqual([later.id, unlimited.id].sort());
  });
});

describe('the database of small files', () => {
  /** Counts the commits of the files that come at once. */
  function counted(connection: Sqlite.Database): { files: SmallFiles; commits: () => number } {
    const executed: string[] = [];
    const exec = connection.exec.bind(connection);
    connection.exec = (sql) => {
      executed.push(sql);
      return exec(sql);
    };
    return {
      files: new SmallFiles(connection),
      commits: () => executed.filter((sql) => sql === 'COMMIT').length,
    };
  }

  function fileOf(content: Buffer): StoredFile {
    const [size, sha256] = [content.length, digestOf(content)];
    return {
      id: randomUUID(),
      name: 'x',
      size,
      sha256,
      createdAt: new Date(0),
      expiresAt: null,
      tags: [],
      owner: 'anonymous',
      acl: [],
    };
  }

  it('commits once for all that come and go in one turn, where one that is wrong fails alone', async () => {
    const connection = openSmallDatabase(database());
    const { files, commits } = counted(connection);
    const [gone, wrong, ...all] = Array.from({ length: 50 }, () => fileOf(SMALL));
    if (gone === undefined || wrong === undefined) throw new Error('none');
    await files.add(gone, SMALL);
    const before = commits();
    const results = await Promise.allSettled([
      files.remove(gone.id),
      files.add(wrong, null as unknown as Uint8Array),
      ...all.map((file) => files.add(file, SMALL)),
    ]);
    expect(results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []))).toEqual([1]);
    expect(commits() - before).toBe(1);
    expect((await filesBelow(directory)).sort()).toEqual(all.map(({ id }) => id).sort());
    files.close();
  });

  it('shares one commit among puts of the store, too', async () => {
    const frames = () => behindItsBack((connection) => connection.pragma('wal_checkpoint(TRUNCATE)'));
    frames();
    await Promise.all(Array.from({ length: 100 }, () => put(Buffer.from('x'))));
    // A page of the log is 2 KiB: each put by itself would have written two of them at least.
    expect((await stat(`${database()}-wal`)).size).toBeLessThan(100 * 2_048);
  });

  it('refuses while the disk is full, without a path, and goes on when it is not', async () => {
    const connection = openSmallDatabase(database());
    const files = new SmallFiles(connection);
    const [{ page_count: pages }] = connection.pragma('page_count') as [{ page_count: number }];
    connection.pragma(`max_page_count = ${pages + 3}`);
    const content = bytes(SMALL_FILE_BYTES);
    const failure: unknown = await onDisk(() => files.add(fileOf(content), content)).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'unavailable', message: expect.stringContaining('SQLITE_FULL') });
    expect(String(failure)).not.toContain(directory);
    expect(await filesBelow(directory)).toEqual([]);
    connection.pragma('max_page_count = 1000000');
    await files.add(fileOf(content), content);
    expect(await filesBelow(directory)).toHaveLength(1);
    files.close();
  });

  it('uses again what removed files have left, and gives back what is much', async () => {
    const content = bytes(SMALL_FILE_BYTES);
    const fill = async () => Promise.all(Array.from({ length: 400 }, () => put(content)));
    const empty = async (files: readonly StoredFile[]) => {
      await Promise.all(files.map(({ id }) => store.remove(id)));
    };
    const size = async () => {
      behindItsBack((connection) => connection.pragma('wal_checkpoint(TRUNCATE)'));
      return (await stat(database())).size;
    };
    await empty(await fill());
    const once = await size();
    await empty(await fill());
    expect(await size()).toBeLessThan(once * 1.1);
    await store.sweep();
    expect(await size()).toBeLessThan(once * 0.7);
  });

  it.each([
    ['is not one', () => Buffer.from('no database'.repeat(1_000))],
    ['is cut short', (whole: Buffer) => whole.subarray(0, 4_196)],
  ])('stops the start where it %s, and says what to do', async (_how, damaged) => {
    await put();
    store.close();
    const content = damaged(await readFile(database()));
    // Elsewhere: in this process the one that was closed may still be known until its statements are collected.
    directory = await temporaryDirectory();
    await writeFile(database(), content);
    const failure: unknown = await started().catch((error: unknown) => error);
    expect(String(failure)).toContain('small.db is damaged');
    expect(String(failure)).not.toContain(directory);
  });

  it("takes over what the version before it has stored, as nobody's in particular", async () => {
    const { id } = await put(SMALL);
    behindItsBack((connection) => {
      connection.exec(`ALTER TABLE files DROP COLUMN owner; ALTER TABLE files DROP COLUMN acl`);
      connection.pragma('user_version = 1');
    });
    const later = await started();
    expect(await later.info(id)).toMatchObject({ owner: 'anonymous', acl: [], size: SMALL.length });
    expect(await buffer((await later.open(id)).content)).toEqual(SMALL);
    await later.remove(id);
  });

  it('stops the start where a later version made it', async () => {
    behindItsBack((connection) => connection.pragma('user_version = 3'));
    await expect(started()).rejects.toThrow('later version');
    expect((await readFile(database())).length).toBeGreaterThan(0);
  });
});
