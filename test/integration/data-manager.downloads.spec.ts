import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { type JobClient } from '../support/client.js';
import { type EmbeddedFiles, serveFiles } from '../support/embedded-files.js';
import { bytes, digestOf } from '../support/file-sources.js';
import { filePart, metadataPart } from '../support/multipart.js';
import { send } from '../support/raw-http.js';

const CONTENT = 'hello world';
const ETAG = `"${digestOf(Buffer.from(CONTENT))}"`;

let files: EmbeddedFiles;
let client: JobClient;

beforeAll(async () => {
  files = await serveFiles();
  ({ client } = files);
});

describe('GET /files/:id/data', () => {
  let id: string;
  let path: string;

  beforeAll(async () => {
    ({ id } = await files.stored(filePart(CONTENT)));
    path = `/files/${id}/data`;
  });

  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    fetch(files.url + path, { method, headers });

  it('answers the bytes, for no browser to take for a page', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(CONTENT.length),
      'content-disposition': 'attachment; filename="a.txt"',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      etag: ETAG,
    });
    expect(await answer.text()).toBe(CONTENT);
  });

  it.each(['', '/v1', '/deep/base'])('answers below "%s"', async (prefix) => {
    expect(await (await fetch(`${files.url}${prefix}${path}`)).text()).toBe(CONTENT);
  });

  it.each([
    ['bytes=0-4', 'hello', '0-4'],
    ['bytes=6-', 'world', '6-10'],
    ['bytes=-5', 'world', '6-10'],
    ['bytes=0-0', 'h', '0-0'],
    ['bytes=10-10', 'd', '10-10'],
    ['bytes=0-999999', CONTENT, '0-10'],
    ['bytes=-999', CONTENT, '0-10'],
    ['bytes=6-99999999999999999999999', 'world', '6-10'],
  ])('answers 206 to %s', async (range, content, sent) => {
    const answer = await get({ range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${sent}/11`);
    expect(answer.headers.get('content-length')).toBe(String(content.length));
    expect(await answer.text()).toBe(content);
  });

  it.each(['bytes=11-', 'bytes=99-100', 'bytes=-0'])('answers 416 to %s', async (range) => {
    const answer = await client.call('GET', path, { headers: { range } });
    expectError(answer, 416, '11');
    expect(answer.headers.get('content-range')).toBe('bytes */11');
  });

  it.each(['bytes=5-2', 'bytes=a-b', 'bytes=', 'bytes=-', 'lines=0-1', 'bytes=0-1,3-4', 'bytes=--1'])(
    'answers all to %s',
    async (range) => {
      const answer = await get({ range });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(CONTENT);
    },
  );

  it('answers a range of an unchanged file only', async () => {
    expect((await get({ range: 'bytes=0-1', 'if-range': ETAG })).status).toBe(206);
    expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
    expect((await get({ range: 'bytes=0-1', 'if-range': `W/${ETAG}` })).status).toBe(200);
    expect((await get({ range: 'bytes=0-1', 'if-range': new Date().toUTCString() })).status).toBe(200);
  });

  it.each([ETAG, '*', `"other", ${ETAG}`, `W/${ETAG}`])('answers 304 to If-None-Match: %s', async (etag) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await get({ 'if-none-match': etag, range: 'bytes=0-1' }, method);
      expect(answer.status).toBe(304);
      expect(answer.headers.get('etag')).toBe(ETAG);
      expect(await answer.text()).toBe('');
    }
  });

  it('answers all where If-None-Match names other bytes', async () => {
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  it('answers HEAD with the head of GET, ranges aside', async () => {
    const head = await get({ range: 'bytes=0-1' }, 'HEAD');
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    const whole = await get();
    await whole.text();
    const perAnswer = ['date', 'x-request-id', 'connection', 'keep-alive'];
    const headersOf = (answer: Response) => [...answer.headers].filter(([name]) => !perAnswer.includes(name));
    expect(headersOf(head)).toEqual(headersOf(whole));
  });

  it('serves an empty file', async () => {
    const empty = await files.stored(filePart(''));
    const answer = await fetch(`${files.url}/files/${empty.id}/data`);
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '0']);
    expect(await answer.text()).toBe('');
    const ranged = await client.call('GET', `/files/${empty.id}/data`, { headers: { range: 'bytes=0-' } });
    expectError(ranged, 416);
  });

  it.each([
    ['Ünï 🚀.txt', `attachment; filename="_n_ __.txt"; filename*=UTF-8''%C3%9Cn%C3%AF%20%F0%9F%9A%80.txt`],
    ['a"b\\\\c', `attachment; filename="a_b_c"; filename*=UTF-8''a%22b%5Cc`],
    [
      'x\\r\\nSet-Cookie: a=b',
      `attachment; filename="x__Set-Cookie: a=b"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a%3Db`,
    ],
    ["it's (1)*", `attachment; filename="it's (1)*"`],
    ['../x', `attachment; filename=".._x"; filename*=UTF-8''..%2Fx`],
    ['\\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
  ])('offers %s under a safe name', async (name, disposition) => {
    const json = `{"name":"${name.replace(/"/g, '\\"')}"}`;
    const file = await files.stored(filePart(CONTENT), metadataPart(json));
    const answer = await fetch(`${files.url}/files/${file.id}/data`, { method: 'HEAD' });
    expect(answer.headers.get('content-disposition')).toBe(disposition);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('streams a file larger than any buffer', async () => {
    const content = bytes(5_000_000);
    const large = await client.upload(new Uint8Array(content));
    expect(digestOf(await client.download(large))).toBe(digestOf(content));
  });

  it('survives a reader that goes away', async () => {
    const large = await client.upload(new Uint8Array(bytes(20_000_000)));
    const leaving = new AbortController();
    const answer = await fetch(`${files.url}/files/${large}/data`, { signal: leaving.signal });
    leaving.abort();
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect((await client.download(large)).length).toBe(20_000_000);
  });
});

describe('ids in paths', () => {
  const calls = [
    ['GET', 'data'],
    ['GET', 'info'],
    ['DELETE', ''],
  ] as const;
  const pathOf = (id: string, rest: string): string => `/files/${id}${rest && '/'}${rest}`;

  it.each(calls)('answers 404 to %s …/%s of an unknown file', async (method, rest) => {
    expectError(await client.call(method, pathOf(NOBODYS_ID, rest)), 404, NOBODYS_ID);
  });

  it.each(calls)('answers 400 to %s …/%s of what is no UUID', async (method, rest) => {
    for (const id of [
      'x',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e%2f',
      '..%5c',
      'a%00b',
      `${NOBODYS_ID}.json`,
      '%F0%9F',
    ]) {
      const { status, body } = await send(files.url + pathOf(id, rest), { method });
      expect({ id, status, body }).toEqual({
        id,
        status: 400,
        body: expect.stringMatching(/^\{"error":".+"\}$/),
      });
    }
  });

  it('takes ids in upper case', async () => {
    const { id } = await files.stored(filePart(CONTENT));
    expect((await client.call('GET', `/files/${id.toUpperCase()}/info`)).body).toMatchObject({ id });
    expect(await client.call('DELETE', `/files/${id.toUpperCase()}`)).toMatchObject({
      status: 200,
      body: { id },
    });
  });
});

describe('DELETE /files/:id', () => {
  it('removes the file, once', async () => {
    await files.leavesNothing(async () => {
      const { id } = await files.stored(filePart(CONTENT));
      expect(await client.call('DELETE', `/files/${id}`)).toMatchObject({ status: 200, body: { id } });
      expectError(await client.call('DELETE', `/files/${id}`), 404);
      expectError(await client.call('GET', `/files/${id}/info`), 404);
    });
  });
});
