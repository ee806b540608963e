import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type FileSource, type FileStore } from '../../src/data-manager/index.js';
import { SMALL_FILE_BYTES } from '../../src/data-manager/local/staged-bytes.js';
import { eventually } from '../support/eventually.js';
import { bytes, digestOf, endless, largeContent, sourceOf } from '../support/file-sources.js';
import { filesBelow } from '../support/stored-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** A driver under test. */
export interface FileStoreUnderTest {
  readonly store: FileStore;
  /** Where the bytes end up, wherever the driver is. */
  readonly directory: string;
}

/** Another process may date the file, by a clock that is not set back with the machine's. */
const CLOCKS_APART_MS = 1_000;

/** Around where the built-in data manager changes how it keeps a file. */
const SIZES = [0, 1, SMALL_FILE_BYTES - 1, SMALL_FILE_BYTES, SMALL_FILE_BYTES + 1, 1_000_003];
/** And what one is on its disk: a row, or two files. */
const KINDS = [
  ['small', 1],
  ['large', 2],
] as const;
const EITHER = ['small', 'large'] as const;

function contentOfKind(kind: 'small' | 'large', text: string): Buffer {
  return kind === 'small' ? Buffer.from(text) : Buffer.concat([Buffer.from(text), bytes(300_000)]);
}

/** What every driver of the {@link FileStore} port does alike. */
export function describeFileStore(name: string, start: () => Promise<FileStoreUnderTest>): void {
  describe(`FileStore: ${name}`, () => {
    let store: FileStore;
    let directory: string;
    let scratch: string;

    beforeAll(async () => {
      ({ store, directory } = await start());
      scratch = await temporaryDirectory();
    });

    const put = (source: FileSource, id: string = randomUUID()) =>
      store.put(source, { id, name: 'some name' });
    const written = async (content: Buffer): Promise<string> => {
      const path = join(scratch, randomUUID());
      await writeFile(path, content, { mode: 0o640 });
      return path;
    };
    const contentOf = async (id: string) => buffer((await store.open(id)).content);

    describe.each(SIZES)('%d bytes', (size) => {
      const content = bytes(size);
      const sources: Record<string, () => Promise<FileSource>> = {
        'a stream': () => Promise.resolve(sourceOf(content)),
        memory: () => Promise.resolve({ bytes: content }),
        'a file of its own': async () => ({ ...sourceOf(content), ownedPath: await written(content) }),
      };

      it.each(Object.keys(sources))('come back as they were put, from %s', async (from) => {
        const id = randomUUID();
        const known = { id, name: 'some name', size, sha256: digestOf(content) };
        expect(await put((await sources[from]?.()) ?? { bytes: content }, id)).toMatchObject(known);
        expect(await store.info(id)).toMatchObject(known);
        const opened = await store.open(id);
        expect(opened.info).toMatchObject({ id, size });
        expect(digestOf(await buffer(opened.content))).toBe(digestOf(content));
      });
    });

    it('tells when a file was stored', async () => {
      const before = Date.now() - CLOCKS_APART_MS;
      const { id } = await put(sourceOf('x'));
      const { createdAt } = await store.info(id);
      expect(createdAt.getTime()).toBeGreaterThanOrEqual(before);
      expect(createdAt.getTime()).toBeLessThanOrEqual(Date.now() + CLOCKS_APART_MS);
    });

    it('keeps any name', async () => {
      for (const name of [
        '../../etc/passwd',
        'a"b\\c',
        'line\r\nbreak',
        'Ünïcödé 🚀',
        '\u0000',
        '.',
        '%2e%2e',
      ]) {
        const { id } = await store.put(sourceOf('x'), { id: randomUUID(), name });
        expect((await store.info(id)).name).toBe(name);
      }
    });

    it('streams 100 MB in either direction in less memory than that', async () => {
      const { open, size, sha256 } = largeContent(100);
      global.gc?.();
      const before = process.memoryUsage().rss;
      const stored = await put({ open });
      expect(stored).toMatchObject({ size, sha256 });
      const hash = createHash('sha256');
      for await (const chunk of (await store.open(stored.id)).content as AsyncIterable<Buffer>)
        hash.update(chunk);
      expect(hash.digest('hex')).toBe(sha256);
      expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
    });

    it.each([
      [0, 0],
      [5, 3],
      [-1, 3],
      [0, 1_001],
      [1_000, 1_001],
      [0.5, 3],
    ])('refuses the range %d to %d of 1,000 bytes', async (start, end) => {
      const { id } = await put(sourceOf(bytes(1_000)));
      const opening = store.open(id, { range: { start, end } });
      await expect(opening).rejects.toMatchObject({ code: 'range_not_satisfiable' });
    });

    it('finds an id in either case', async () => {
      const { id } = await put(sourceOf('x'));
      expect((await store.info(id.toUpperCase())).id).toBe(id);
      expect((await contentOf(id.toUpperCase())).toString()).toBe('x');
    });

    it('does not know what was never stored', async () => {
      const id = randomUUID();
      await expect(store.info(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.open(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.remove(id)).resolves.toBeUndefined();
    });

    it.each(['', '..', '../../etc/passwd', 'x', '0'.repeat(36)])('refuses %j for an id', async (id) => {
      const refused = { code: 'invalid_request' };
      await expect((async () => store.info(id))()).rejects.toMatchObject(refused);
      await expect((async () => store.open(id))()).rejects.toMatchObject(refused);
      await expect((async () => store.remove(id))()).rejects.toMatchObject(refused);
      await expect((async () => put(sourceOf('x'), id))()).rejects.toMatchObject(refused);
    });

    it('leaves nothing of a put that was aborted', async () => {
      const before = await filesBelow(directory);
      const id = randomUUID();
      const abort = new AbortController();
      const reason = new Error('changed my mind');
      const source = endless(() => {
        abort.abort(reason);
      });
      const putting = store.put(source, { id, name: 'x', signal: abort.signal });
      await expect(putting).rejects.toBe(reason);
      await eventually(async () => {
        expect(await filesBelow(directory)).toEqual(before);
      });
      await expect(store.info(id)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('begins nothing where the signal was aborted before', async () => {
      const reason = new Error('no more');
      const signal = AbortSignal.abort(reason);
      await expect(store.put(sourceOf('x'), { id: randomUUID(), name: 'x', signal })).rejects.toBe(reason);
      await expect(store.info(randomUUID(), signal)).rejects.toBe(reason);
    });

    it('leaves nothing of a put whose source fails, and passes the failure on', async () => {
      const before = await filesBelow(directory);
      const failure = new Error('the source broke');
      const open = (): Readable =>
        Readable.from(
          (function* () {
            yield Buffer.alloc(100_000);
            throw failure;
          })(),
        );
      await expect(put({ open })).rejects.toBe(failure);
      await eventually(async () => {
        expect(await filesBelow(directory)).toEqual(before);
      });
    });

    it('lets go of a download that nobody reads on', async () => {
      const { id } = await put(sourceOf(bytes(5_000_000)));
      const { content } = await store.open(id);
      await new Promise((resolve) => content.once('readable', resolve));
      content.destroy();
      await eventually(() => {
        expect(content.closed).toBe(true);
      });
    });

    describe.each(KINDS)('%s files', (kind, rowsOrFiles) => {
      const made = (text: string): Buffer => contentOfKind(kind, text);

      it('give ranges', async () => {
        const content = made('a'.repeat(1_000));
        const size = content.length;
        const { id } = await put({ bytes: content });
        for (const [start, end] of [
          [0, 1],
          [0, size],
          [size - 1, size],
          [17, 400],
        ] as const) {
          const { content: part, info } = await store.open(id, { range: { start, end } });
          expect(await buffer(part)).toEqual(content.subarray(start, end));
          expect(info.size).toBe(size);
        }
      });

      it('are the same file where the same bytes come under the same id', async () => {
        const id = randomUUID();
        const first = await put(sourceOf(made('the same')), id);
        const again = await put({ bytes: made('the same') }, id.toUpperCase());
        expect(again).toEqual(first);
        expect((await filesBelow(directory)).filter((name) => name.startsWith(id))).toHaveLength(rowsOrFiles);
      });

      it('may be put several times at once', async () => {
        const id = randomUUID();
        const content = made('together');
        const all = await Promise.all(Array.from({ length: 8 }, () => put({ bytes: content }, id)));
        expect(new Set(all.map((info) => info.createdAt.getTime())).size).toBe(1);
        expect(await contentOf(id)).toEqual(content);
      });

      it.each(EITHER)('keep their id from %s ones', async (other) => {
        const id = randomUUID();
        await put({ bytes: made('first') }, id);
        const content = contentOfKind(other, 'other');
        const ownedPath = await written(content);
        for (const source of [{ bytes: content }, sourceOf(content), { ...sourceOf(content), ownedPath }]) {
          await expect(put(source, id)).rejects.toMatchObject({ code: 'invalid_request' });
        }
        expect(await contentOf(id)).toEqual(made('first'));
        expect(await readFile(ownedPath)).toEqual(content);
        expect((await stat(ownedPath)).nlink).toBe(1);
      });

      it('are removed, twice just as well', async () => {
        const { id } = await put({ bytes: made('x') });
        await store.remove(id.toUpperCase());
        await store.remove(id);
        await expect(store.info(id)).rejects.toMatchObject({ code: 'not_found' });
        expect((await filesBelow(directory)).filter((name) => name.startsWith(id))).toEqual([]);
      });

      it.each(EITHER)('leave their id to %s ones once they are removed', async (other) => {
        const { id } = await put({ bytes: made('before') });
        await store.remove(id);
        await put({ bytes: contentOfKind(other, 'after') }, id);
        expect(await contentOf(id)).toEqual(contentOfKind(other, 'after'));
        await store.remove(id);
        expect((await filesBelow(directory)).filter((name) => name.startsWith(id))).toEqual([]);
      });

      it('are read on while they are removed', async () => {
        const content = made('y'.repeat(20_000));
        const { id } = await put({ bytes: content });
        const { content: reading } = await store.open(id);
        const chunks = reading[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
        const first = await chunks.next();
        await store.remove(id);
        const rest = [first.value as Buffer];
        for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
          rest.push(next.value);
        expect(Buffer.concat(rest).equals(content)).toBe(true);
      });
    });
  });
}
