import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { HttpFileStore, type HttpFileStoreOptions } from '../../src/data-manager/index.js';
import { NOBODYS_ID } from '../support/answers.js';
import { type EmbeddedFiles, serveFiles } from '../support/embedded-files.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import {
  answering,
  changing,
  cutting,
  downloads,
  dripping,
  hanging,
  ignoringRanges,
  infos,
  losingTheAnswer,
  resetting,
  saying,
  uploads,
} from '../support/faults.js';
import { FaultyServer } from '../support/faulty-server.js';
import { bytes, endless, sourceOf } from '../support/file-sources.js';
import { filesBelow } from '../support/stored-files.js';

const CONTENT = bytes(300_000);
const IDLE_MS = 800;

let files: EmbeddedFiles;
let server: FaultyServer;
let store: HttpFileStore;
let id: string;

beforeAll(async () => {
  files = await serveFiles();
  server = await FaultyServer.before(files.url);
  store = storeAt({ baseUrl: server.url });
  ({ id } = await put());
});

beforeEach(() => {
  server.plan();
});

function storeAt(options: HttpFileStoreOptions): HttpFileStore {
  const made = new HttpFileStore({ idleTimeoutMs: IDLE_MS, retries: { baseMs: 1, capMs: 5 }, ...options });
  atEndOfFile(() => {
    made.close();
  });
  return made;
}

const put = (key: string = randomUUID(), content = CONTENT) =>
  store.put(sourceOf(content), { id: key, name: 'x' });
const download = async (range?: { start: number; end: number }) =>
  buffer((await store.open(id, range === undefined ? {} : { range })).content);
const seen = (method: string): number => server.seen.filter((request) => request.method === method).length;
const rangesSeen = () =>
  server.seen.filter(({ url }) => url.endsWith('/data')).map(({ headers }) => headers.range);

describe('any call', () => {
  it.each([408, 429, 500, 502, 503, 504])('is tried again after a %d', async (status) => {
    server.plan(answering(infos, status), answering(infos, status));
    expect((await store.info(id)).size).toBe(CONTENT.length);
    expect(seen('GET')).toBe(3);
  });

  it('is given up as unavailable after five attempts', async () => {
    server.plan(...Array.from({ length: 9 }, () => answering(infos, 500)));
    await expect(store.info(id)).rejects.toMatchObject({ code: 'unavailable' });
    expect(seen('GET')).toBe(5);
  });

  it.each([
    [401, 'unavailable'],
    [403, 'forbidden'],
    [405, 'unavailable'],
    [409, 'unavailable'],
    [410, 'unavailable'],
    [418, 'unavailable'],
  ])('is not tried again after a %d, and is %s', async (status, code) => {
    server.plan(answering(infos, status));
    await expect(store.info(id)).rejects.toMatchObject({ code });
    expect(seen('GET')).toBe(1);
  });

  it('passes on what a 400 says', async () => {
    server.plan(answering(infos, 400));
    await expect(store.info(id)).rejects.toMatchObject({ code: 'invalid_request', message: 'planned' });
    expect(seen('GET')).toBe(1);
  });

  it.each([301, 302, 307, 308])('does not follow a %d', async (status) => {
    server.plan(answering(infos, status, { location: `${files.url}/files/${id}/info` }));
    await expect(store.info(id)).rejects.toMatchObject({ code: 'unavailable' });
    expect(seen('GET')).toBe(1);
  });

  it('waits as long as Retry-After says, and no longer than it may', async () => {
    server.plan(answering(infos, 503, { 'retry-after': '1' }));
    const before = performance.now();
    await store.info(id);
    expect(performance.now() - before).toBeGreaterThanOrEqual(990);

    server.plan(answering(infos, 503, { 'retry-after': '86400' }));
    const refused = { code: 'unavailable', retryAfterSeconds: 86_400 };
    await expect(store.info(id)).rejects.toMatchObject(refused);
    expect(seen('GET')).toBe(1);
  });

  it('survives resets and silence', async () => {
    server.plan(resetting(infos), hanging(infos));
    expect((await store.info(id)).id).toBe(id);
    expect(server.pending).toBe(0);
  });

  it.each([
    ['no JSON object', 'text'],
    ['null', null],
    ['no size', { id: NOBODYS_ID, name: 'x', sha256: '0'.repeat(64), created_at: '2026-01-01T00:00:00Z' }],
    ['a bad sha256', { id: NOBODYS_ID, name: 'x', size: 1, sha256: '0', created_at: '2026-01-01T00:00:00Z' }],
  ])('takes an answer with %s for a fault', async (_what, answer) => {
    server.plan(saying(infos, answer));
    expect((await store.info(id)).id).toBe(id);
    expect(seen('GET')).toBe(2);
  });

  it('takes the description of another file for a fault', async () => {
    const other = await put(randomUUID(), bytes(10));
    const { createdAt, ...described } = other;
    server.plan(saying(infos, { ...described, created_at: createdAt.toISOString() }));
    expect((await store.info(id)).id).toBe(id);
    expect(seen('GET')).toBe(2);
  });

  it('is unavailable where nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    const alone = storeAt({ baseUrl: `http://127.0.0.1:${port}` });
    const unavailable = { code: 'unavailable' };
    await expect(alone.info(id)).rejects.toMatchObject(unavailable);
    await expect(alone.open(id)).rejects.toMatchObject(unavailable);
    await expect(alone.remove(id)).rejects.toMatchObject(unavailable);
    await expect(alone.put(sourceOf('x'), { id, name: 'x' })).rejects.toMatchObject(unavailable);
  });

  it('can be aborted while it waits', async () => {
    server.plan(hanging(infos));
    const abort = new AbortController();
    const asking = store.info(id, abort.signal);
    await eventually(() => {
      expect(seen('GET')).toBe(1);
    });
    abort.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });

  it('carries the token, and the path of the base URL', async () => {
    const other = storeAt({ baseUrl: `${server.url}/v1/`, token: 'secret' });
    await other.info(id);
    expect(server.seen[0]).toMatchObject({
      url: `/v1/files/${id}/info`,
      headers: { authorization: 'Bearer secret' },
    });
  });
});

describe('a download', () => {
  it('goes on from the last byte where it was cut', async () => {
    server.plan(
      cutting(server, { matches: downloads, after: 100_000 }),
      cutting(server, { matches: downloads, after: 50_000 }),
    );
    expect((await download()).equals(CONTENT)).toBe(true);
    expect(rangesSeen()).toEqual(['bytes=0-299999', 'bytes=100000-299999', 'bytes=150000-299999']);
  });

  it('goes on within a range', async () => {
    server.plan(cutting(server, { matches: downloads, after: 10_000 }));
    const part = await download({ start: 1_000, end: 200_000 });
    expect(part.equals(CONTENT.subarray(1_000, 200_000))).toBe(true);
    expect(rangesSeen()).toEqual(['bytes=1000-199999', 'bytes=11000-199999']);
  });

  it('goes on where the other side fell silent', async () => {
    server.plan(cutting(server, { matches: downloads, after: 123_456, silently: true }));
    expect((await download()).equals(CONTENT)).toBe(true);
  });

  it('goes on though the server ignores ranges', async () => {
    server.plan(cutting(server, { matches: downloads, after: 100_000 }), ignoringRanges(server, downloads));
    expect((await download()).equals(CONTENT)).toBe(true);
    server.plan(ignoringRanges(server, downloads));
    expect(await download({ start: 7, end: 11 })).toEqual(CONTENT.subarray(7, 11));
  });

  it('takes its time with a slow server, as long as something comes', async () => {
    server.plan(dripping(server, { matches: downloads, pieces: 8, pauseMs: IDLE_MS / 5 }));
    expect((await download()).equals(CONTENT)).toBe(true);
    expect(rangesSeen()).toHaveLength(1);
  });

  it('does not blame the server for a slow reader', async () => {
    const { content } = await store.open(id);
    const chunks = content[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const received = [(await chunks.next()).value as Buffer];
    const silentUntil = performance.now() + 1.5 * IDLE_MS;
    await eventually(() => {
      expect(performance.now()).toBeGreaterThan(silentUntil);
    });
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next())
      received.push(next.value);
    expect(Buffer.concat(received).equals(CONTENT)).toBe(true);
    expect(rangesSeen()).toHaveLength(1);
  });

  it.each([
    ['too few', (body: Buffer) => body.subarray(0, -1)],
    ['too many', (body: Buffer) => Buffer.concat([body, body])],
  ])('is not deceived by %s bytes', async (_what, change) => {
    server.plan(changing(server, downloads, change));
    expect((await download()).equals(CONTENT)).toBe(true);
    expect(rangesSeen()).toHaveLength(2);
  });

  it('ends with an error where the bytes are wrong', async () => {
    server.plan(
      changing(server, downloads, (body) => {
        body[200_000] = (body[200_000] ?? 0) ^ 1;
        return body;
      }),
    );
    await expect(download()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ends with an error where it can not be had whole', async () => {
    server.plan(...Array.from({ length: 9 }, () => cutting(server, { matches: downloads, after: 10 })));
    await expect(download()).rejects.toMatchObject({ code: 'unavailable' });
    expect(rangesSeen()).toHaveLength(5);
  });

  it('ends with not_found where the file goes meanwhile', async () => {
    const { id: other } = await put(randomUUID(), bytes(10));
    const { content } = await store.open(other);
    await files.store.remove(other);
    await expect(buffer(content)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('ends with an error where it is aborted', async () => {
    server.plan(cutting(server, { matches: downloads, after: 1_000, silently: true }));
    const abort = new AbortController();
    const { content } = await store.open(id, { signal: abort.signal });
    content.once('data', () => {
      abort.abort();
    });
    // That of an AbortError, of which Node 24 makes one of two.
    await expect(once(content, 'end')).rejects.toMatchObject({ code: DOMException.ABORT_ERR });
  });
});

describe('an upload', () => {
  it('is repeated, and still one file, where the answer was lost', async () => {
    const before = await filesBelow(files.directory);
    server.plan(losingTheAnswer(server, uploads));
    const key = randomUUID();
    expect(await put(key)).toMatchObject({ id: key, size: CONTENT.length });
    expect(seen('POST')).toBe(2);
    expect(await filesBelow(files.directory)).toHaveLength(before.length + 2);
  });

  it.each([
    ['a 500', () => answering(uploads, 500)],
    ['a reset', () => resetting(uploads)],
    ['silence', () => hanging(uploads)],
  ])('is repeated after %s', async (_what, fault) => {
    server.plan(fault(), fault());
    const key = randomUUID();
    await put(key);
    expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual([key, key, key]);
    expect((await buffer((await files.store.open(key)).content)).equals(CONTENT)).toBe(true);
  });

  it('is repeated where the server says that it stored other bytes', async () => {
    const lie = (body: Buffer): Buffer =>
      Buffer.from(body.toString().replace(/"sha256":"\w+"/, `"sha256":"${'0'.repeat(64)}"`));
    server.plan(changing(server, uploads, lie));
    const key = randomUUID();
    await put(key);
    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'POST']);
    expect((await files.store.info(key)).size).toBe(CONTENT.length);
  });

  it('takes the id that a server chose by itself', async () => {
    server.plan(
      changing(server, uploads, (body) =>
        Buffer.from(body.toString().replace(/"id":"[^"]+"/, `"id":"${NOBODYS_ID}"`)),
      ),
    );
    expect(await put()).toMatchObject({ id: NOBODYS_ID });
  });

  it('stops sending where it is refused early', async () => {
    server.plan((request, response) => {
      if (request.method !== 'POST') return false;
      response.writeHead(413).end('{"error":"too much"}');
      return true;
    });
    const source = endless(() => undefined);
    const putting = store.put(source, { id: randomUUID(), name: 'x' });
    await expect(putting).rejects.toMatchObject({ code: 'too_large', message: 'too much' });
  });

  it('is unavailable where it never gets through', async () => {
    server.plan(...Array.from({ length: 9 }, () => resetting(uploads)));
    await expect(put()).rejects.toMatchObject({ code: 'unavailable' });
    expect(seen('POST')).toBe(5);
  });
});
