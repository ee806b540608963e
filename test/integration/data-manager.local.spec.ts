import { beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { link, mkdtemp, readFile, rm, stat, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { DataManagerModule, FileStore, HttpFileStore, LocalFileStore } from '../../src/data-manager/index.js';
import { SMALL_FILE_BYTES } from '../../src/data-manager/local/staged-bytes.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { bytes, digestOf, sourceOf } from '../support/file-sources.js';
import { filesBelow } from '../support/stored-files.js';
import { openLocalStore } from '../support/local-store.js';
import { MovableClock } from '../support/movable-clock.js';
import { OpenFilesModule } from '../support/open-files.module.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const HOUR_MS = 3_600_000;

let directory: string;
let clock: MovableClock;
let store: LocalFileStore;

beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'files');
  clock = new MovableClock(10 * HOUR_MS);
  store = await started();
});

const started = () => openLocalStore(directory, clock);

/** As long as needed to be a file, and not a row; those have a suite of their own. */
const large = (content: string): Buffer => Buffer.concat([Buffer.from(content), bytes(SMALL_FILE_BYTES)]);
const CONTENT = large('the content');

const put = (content: Buffer = CONTENT, id: string = randomUUID()) =>
  store.put(sourceOf(content), { id, name: 'x' });
const withTtl = async (ttl: bigint, id: string = randomUUID()) =>
  store.commit(await store.stage(Readable.from([CONTENT])), { id, name: 'x', ttl });
const contentOf = async (from: LocalFileStore, id: string) => buffer((await from.open(id)).content);
const pathOf = (id: string): string => join(directory, 'by-id', id.slice(-2), id);

describe('on disk', () => {
  it('lies the very content, and a sidecar beside it, for the owner only', async () => {
    const { id } = await put();
    expect((await readFile(pathOf(id))).equals(CONTENT)).toBe(true);
    expect(JSON.parse(await readFile(`${pathOf(id)}.json`, 'utf8'))).toEqual({
      id,
      name: 'x',
      sha256: digestOf(CONTENT),
      size: CONTENT.length,
      created_at: new Date(clock.now()).toISOString(),
    });
    for (const path of [pathOf(id), `${pathOf(id)}.json`])
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('outlives the process', async () => {
    const { id } = await put();
    const again = await started();
    expect(await again.info(id)).toEqual(await store.info(id));
    expect((await contentOf(again, id)).equals(CONTENT)).toBe(true);
  });

  it('has no leftovers after the next start', async () => {
    const { id } = await put();
    const [dataOnly, sidecarOnly] = [randomUUID(), randomUUID()];
    await writeFile(pathOf(dataOnly), 'x');
    await writeFile(`${pathOf(sidecarOnly)}.json`, '{"id":');
    await store.stage(Readable.from([large('half an upload')]));
    await started();
    expect((await filesBelow(directory)).sort()).toEqual([id, `${id}.json`]);
  });

  it('puts over the remains of a put that could not clean up', async () => {
    const [dataOnly, sidecarOnly] = [randomUUID(), randomUUID()];
    await writeFile(pathOf(dataOnly), 'remains');
    await writeFile(`${pathOf(sidecarOnly)}.json`, '{"id":"x","size":1}');
    for (const id of [dataOnly, sidecarOnly]) {
      await expect(store.info(id)).rejects.toMatchObject({ code: 'not_found' });
      await put(CONTENT, id);
      expect((await contentOf(store, id)).equals(CONTENT)).toBe(true);
    }
  });

  it('never passes a damaged file for whole, and lets it be removed', async () => {
    const { id } = await put();
    await truncate(pathOf(id), 5);
    await expect(store.open(id)).rejects.toMatchObject({ code: 'unavailable' });
    await store.remove(id);
    expect(await filesBelow(directory)).toEqual([]);
  });

  it('says unavailable, without a path, where the disk refuses', async () => {
    await rm(directory, { recursive: true });
    const failure: unknown = await put().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable', message: expect.stringContaining('ENOENT') });
    expect(String(failure)).not.toContain(directory);
  });
});

describe('a file that is handed over', () => {
  const handOver = async (path: string, content: Buffer) => {
    const open = (): Readable => Readable.from([content]);
    return store.put({ open, ownedPath: path }, { id: randomUUID(), name: 'x' });
  };

  it('is renamed, not copied', async () => {
    const path = join(await temporaryDirectory(), 'owned');
    await writeFile(path, CONTENT, { mode: 0o755 });
    const { ino } = await stat(path);
    const { id, size } = await handOver(path, CONTENT);
    expect(size).toBe(CONTENT.length);
    expect(await stat(pathOf(id))).toMatchObject({ ino, nlink: 1 });
    expect((await stat(pathOf(id))).mode & 0o777).toBe(0o600);
    expect(existsSync(path)).toBe(false);
  });

  it('is copied where a further link could still write to it', async () => {
    const folder = await temporaryDirectory();
    const path = join(folder, 'owned');
    await writeFile(path, CONTENT);
    await link(path, join(folder, 'other-name'));
    const { id } = await handOver(path, CONTENT);
    await writeFile(join(folder, 'other-name'), 'changed later');
    expect((await readFile(pathOf(id))).equals(CONTENT)).toBe(true);
  });

  it('is copied from another file system', async () => {
    const other = await anotherFileSystem();
    const path = join(other, 'owned');
    const content = bytes(700_000);
    await writeFile(path, content);
    const { id } = await handOver(path, content);
    expect((await readFile(pathOf(id))).equals(content)).toBe(true);
    expect(existsSync(path)).toBe(false);
    expect((await filesBelow(directory)).sort()).toEqual([id, `${id}.json`]);
  });

  /** /dev/shm is a file system of its own on every Linux; the store's directory may lie on it, too. */
  async function anotherFileSystem(): Promise<string> {
    const isShared = (await statfs(tmpdir())).type === (await statfs('/dev/shm')).type;
    const made = await mkdtemp(join(isShared ? '/var/tmp' : '/dev/shm', 'job-manager-test-'));
    atEndOfFile(() => rm(made, { recursive: true }));
    return made;
  }
});

describe('a ttl', () => {
  it('is swept from the disk, and nothing else is', async () => {
    const [soon, later, atTheEnd] = [
      await withTtl(60n),
      await withTtl(7_200n),
      await withTtl(2n ** 64n - 1n),
    ];
    const { id: unlimited } = await put();
    clock.advance(60_000);
    await store.sweep();
    const kept = [later.id, atTheEnd.id, unlimited].flatMap((id) => [id, `${id}.json`]);
    // The notes of the two that still have an end.
    expect((await filesBelow(directory)).sort()).toEqual([...kept, later.id, atTheEnd.id].sort());
    expect(existsSync(pathOf(soon.id))).toBe(false);
  });

  it('is swept though another one is damaged, which can still be removed', async () => {
    const [damaged, whole] = [await withTtl(60n), await withTtl(60n)];
    await truncate(`${pathOf(damaged.id)}.json`, 3);
    clock.advance(HOUR_MS);
    await store.sweep();
    expect(existsSync(pathOf(whole.id))).toBe(false);
    expect(await store.removeIfPresent(damaged.id)).toBe(true);
    expect(existsSync(pathOf(damaged.id))).toBe(false);
  });

  it('leaves no note once the hour is over', async () => {
    await withTtl(60n);
    clock.advance(2 * HOUR_MS);
    await store.sweep();
    expect(await filesBelow(directory)).toEqual([]);
    expect(existsSync(join(directory, 'expiring', '10'))).toBe(false);
  });

  it('leaves no note where it is removed before, and those of others', async () => {
    const [{ id }, other] = [await withTtl(60n), await withTtl(60n)];
    await store.remove(id);
    expect(await filesBelow(join(directory, 'expiring'))).toEqual([other.id]);
    await store.remove(other.id);
    expect(readdirSync(join(directory, 'expiring'))).toEqual([]);
  });

  it('is noted, however often the folder of its hour comes and goes', async () => {
    const rounds = Array.from({ length: 30 }, async (_, index) => {
      const { id } = await withTtl(60n);
      if (index % 2 === 0) await store.remove(id);
      return id;
    });
    const kept = (await Promise.all(rounds)).filter((_, index) => index % 2 === 1);
    expect((await filesBelow(join(directory, 'expiring'))).sort()).toEqual(kept.sort());
  });

  it('is swept after a restart, too', async () => {
    await withTtl(60n);
    clock.advance(HOUR_MS);
    await (await started()).sweep();
    expect(await filesBelow(directory)).toEqual([]);
  });
});

describe('DataManagerModule', () => {
  it('keeps files in the directory, and sweeps it while it runs', async () => {
    const useFactory = () => ({ directory, sweepEveryMs: 10 });
    const imports = [
      DataManagerModule.registerAsync({ imports: [OpenFilesModule], useFactory, serveAt: ['files-api'] }),
    ];
    const module = await Test.createTestingModule({ imports }).compile();
    await module.init();
    const local = module.get<LocalFileStore>(FileStore);
    expect(local).toBeInstanceOf(LocalFileStore);
    await local.commit(await local.stage(Readable.from([CONTENT])), { id: randomUUID(), name: 'x', ttl: 0n });
    await eventually(async () => {
      expect(await filesBelow(directory)).toEqual([]);
    });
    await module.close();
  });

  it('asks another data manager where there is a url, and makes no directory', async () => {
    const elsewhere = join(directory, 'unused');
    const useFactory = () => ({ directory: elsewhere, url: 'http://127.0.0.1:9/base' });
    const imports = [
      DataManagerModule.registerAsync({ imports: [OpenFilesModule], useFactory, serveAt: [''] }),
    ];
    const module = await Test.createTestingModule({ imports }).compile();
    expect(module.get(FileStore)).toBeInstanceOf(HttpFileStore);
    expect(existsSync(elsewhere)).toBe(false);
    await module.close();
  });
});
