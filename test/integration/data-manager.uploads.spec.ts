import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMALL_FILE_BYTES } from '../../src/data-manager/local/staged-bytes.js';
import { expectError, NOBODYS_ID, UUID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { type EmbeddedFiles, serveFiles } from '../support/embedded-files.js';
import { eventually } from '../support/eventually.js';
import { digestOf } from '../support/file-sources.js';
import { filePart, metadataPart, multipart } from '../support/multipart.js';
import { filesBelow } from '../support/stored-files.js';

const CONTENT = 'hello world';

let files: EmbeddedFiles;
let client: JobClient;

beforeAll(async () => {
  files = await serveFiles();
  ({ client } = files);
});

describe('POST /files', () => {
  it('stores the part "file" and tells what became of it', async () => {
    const answer = await files.upload(filePart(CONTENT));
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(UUID),
      name: 'a.txt',
      size: CONTENT.length,
      sha256: digestOf(Buffer.from(CONTENT)),
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  it.each([
    ['before', (metadata: string) => files.upload(metadata, filePart(CONTENT))],
    ['after', (metadata: string) => files.upload(filePart(CONTENT), metadata)],
  ])('takes the metadata %s the file', async (_where, post) => {
    const answer = await post(metadataPart('{"name":"given","tags":["a","b"],"ttl":"18446744073709551615"}'));
    expect(answer).toMatchObject({ status: 201, body: { name: 'given' } });
    const { id } = answer.body as { id: string };
    const info = await client.call('GET', `/files/${id}/info`);
    expect(info.body).toMatchObject({ id, name: 'given', tags: ['a', 'b'], expires_at: null });
  });

  it('takes metadata as a part of its own type, as FormData sends it', async () => {
    const body = new FormData();
    body.append('metadata', new Blob(['{"name":"typed","ttl":3600}'], { type: 'application/json' }));
    body.append('file', new Blob(['x']), 'y');
    const answer = await client.call('POST', '/v1/files', { body });
    expect(answer).toMatchObject({ status: 201, body: { name: 'typed' } });
    const { id, created_at } = answer.body as { id: string; created_at: string };
    const { expires_at } = (await client.call('GET', `/v1/files/${id}/info`)).body as { expires_at: string };
    expect(Date.parse(expires_at) - Date.parse(created_at)).toBe(3_600_000);
  });

  it('has a file with ttl 0 gone at once', async () => {
    const { id } = await files.stored(filePart(CONTENT), metadataPart('{"ttl":0}'));
    expectError(await client.call('GET', `/files/${id}/data`), 404, id);
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\\\temp\\\\x.txt', 'x.txt'],
    ['Ünï 🚀.txt', 'Ünï 🚀.txt'],
    ['a%22b.txt', 'a%22b.txt'],
  ])('names a file sent as %s %s', async (filename, name) => {
    expect(await files.stored(filePart('x', filename))).toMatchObject({ name });
  });

  it('takes empty metadata for none, as a form may send it', async () => {
    expect(await files.upload(filePart(CONTENT), metadataPart(' '))).toMatchObject({ status: 201 });
  });

  it('names a file after its id where nobody named it', async () => {
    const { id, name } = await files.stored(filePart('x', ''));
    expect(name).toBe(id);
  });

  it.each([
    ['no file part', () => files.upload(metadataPart('{}')), '"file"'],
    ['no parts', () => files.upload(), ''],
    ['two file parts', () => files.upload(filePart(CONTENT), filePart(CONTENT)), 'file'],
    [
      'two metadata parts',
      () => files.upload(metadataPart('{}'), metadataPart('{}'), filePart(CONTENT)),
      'metadata',
    ],
    [
      'another part',
      () => files.upload(filePart(CONTENT), 'Content-Disposition: form-data; name="other"\r\n\r\n1'),
      'other',
    ],
    [
      'a part without a name',
      () => files.upload(filePart(CONTENT), 'Content-Disposition: form-data\r\n\r\n1'),
      'part',
    ],
    [
      'a file part that is a field',
      () => files.upload('Content-Disposition: form-data; name="file"\r\n\r\n1'),
      'file',
    ],
    ['a JSON body', () => client.call('POST', '/files', { json: { file: 'x' } }), 'multipart'],
    [
      'a form',
      () => client.call('POST', '/files', { body: new URLSearchParams({ file: 'x' }) }),
      'multipart',
    ],
    ['no body', () => client.call('POST', '/files'), 'multipart'],
    ['no boundary', () => postAs('multipart/form-data'), ''],
    ['a wrong boundary', () => postAs('multipart/form-data; boundary=C'), ''],
    ['a part header without end', () => files.upload(`Content-Disposition: ${'x'.repeat(40_000)}`), ''],
  ])('answers 400 to %s, and keeps nothing', async (_what, post, word) => {
    await files.leavesNothing(async () => {
      expectError(await post(), 400, word);
    });
  });

  const postAs = (type: string) =>
    client.call('POST', '/files', { ...multipart(filePart(CONTENT)), headers: { 'content-type': type } });

  it.each([
    ['{"colour":1}', '"colour"'],
    ['{"__proto__":{"name":"x"}}', '__proto__'],
    ['{"constructor":{"prototype":{"x":1}}}', 'constructor'],
    ['{"name":"a","name":"b"}', 'name'],
    ['{"name":1}', 'name'],
    ['{"name":""}', 'name'],
    ['{"ttl":-1}', 'ttl'],
    ['{"ttl":1.5}', 'ttl'],
    ['{"ttl":1e-3}', 'ttl'],
    ['{"ttl":"1e3"}', 'ttl'],
    ['{"ttl":1e20}', 'ttl'],
    ['{"acl":[1]}', 'acl'],
    ['{"ttl":18446744073709551616}', 'ttl'],
    ['{"ttl":"abc"}', 'ttl'],
    ['{"ttl":null}', 'ttl'],
    ['{"tags":"a"}', 'tags'],
    ['{"tags":[1]}', 'tags'],
    ['[]', 'object'],
    ['nonsense', 'JSON'],
    ['['.repeat(50_000), ''],
    [`{"name":"${'x'.repeat(70_000)}"}`, 'metadata'],
  ])('answers 400 to the metadata %.40s, and keeps nothing', async (json, word) => {
    await files.leavesNothing(async () => {
      expectError(await files.upload(metadataPart(json), filePart(CONTENT)), 400, word);
      expectError(await files.upload(filePart(CONTENT), metadataPart(json)), 400, word);
    });
    expect(({} as { name?: unknown }).name).toBeUndefined();
  });

  it.each([
    ['{"acl":"*"}', { acl: ['*'] }],
    ['{"acl":"bob"}', { acl: ['bob'] }],
    [`{"name":"${'\u{1f680}'.repeat(1_024)}"}`, { name: '\u{1f680}'.repeat(1_024) }],
  ])('takes the metadata %.40s', async (json, known) => {
    const { id } = await files.stored(filePart(CONTENT), metadataPart(json));
    expect((await client.call('GET', `/files/${id}/info`)).body).toMatchObject(known);
  });

  it.each(['1e3', '1000.0', '"1000"'])('takes %s for a ttl of a thousand seconds', async (ttl) => {
    const { id } = await files.stored(filePart(CONTENT), metadataPart(`{"ttl":${ttl}}`));
    const { createdAt, expiresAt } = await files.store.info(id);
    expect(expiresAt).toBe(BigInt(createdAt.getTime()) + 1_000_000n);
  });

  it('answers 400 to metadata in a charset that is none', async () => {
    const part =
      'Content-Disposition: form-data; name="metadata"\r\nContent-Type: text/plain; charset=x-none';
    expectError(await files.upload(`${part}\r\n\r\n{"ttl":1}`, filePart(CONTENT)), 400, 'charset');
  });

  it('answers 408 where nothing more comes, and keeps nothing', async () => {
    const impatient = await serveFiles({ silenceMs: 100 });
    await impatient.leavesNothing(async () => {
      const socket = connect(Number(new URL(impatient.url).port), '127.0.0.1');
      const type = 'Content-Type: multipart/form-data; boundary=B';
      socket.write(
        `POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n${type}\r\n\r\n--B\r\n${filePart('x')}`,
      );
      const [head, body] = (await text(socket)).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 408 /);
      expect(head).toMatch(/^connection: close$/im);
      expect(JSON.parse(body ?? '')).toEqual({ error: expect.any(String) });
    });
  });

  it('keeps the exact ttl, though a double could not hold it', async () => {
    const { id } = await files.stored(filePart(CONTENT), metadataPart('{"ttl":18446744073709551615}'));
    const { createdAt, expiresAt } = await files.store.info(id);
    expect(expiresAt).toBe(BigInt(createdAt.getTime()) + 18446744073709551615000n);
  });

  describe('with an Idempotency-Key', () => {
    const keyed = (key: string, content = CONTENT) => {
      const { body, headers } = multipart(filePart(content));
      return client.call('POST', '/files', { body, headers: { ...headers, 'idempotency-key': key } });
    };

    it('stores under that id, once', async () => {
      const key = randomUUID();
      const first = await keyed(key.toUpperCase());
      expect(first).toMatchObject({ status: 201, body: { id: key } });
      await files.leavesNothing(async () => {
        const { status, body } = await keyed(key);
        expect({ status, body }).toEqual({ status: 201, body: first.body });
      });
    });

    it('answers 400 to other bytes, and keeps the first', async () => {
      const key = randomUUID();
      await keyed(key);
      await files.leavesNothing(async () => {
        expectError(await keyed(key, 'other'), 400, key);
      });
      expect((await client.download(key)).toString()).toBe(CONTENT);
    });

    it.each(['', 'x', '../../etc/passwd', `${NOBODYS_ID}0`])('answers 400 to the key %j', async (key) => {
      await files.leavesNothing(async () => {
        expectError(await keyed(key), 400, 'Idempotency-Key');
      });
    });
  });

  it('takes a small file in without a temporary one, and a large one with it', async () => {
    const own = await serveFiles();
    await rm(join(own.directory, 'tmp'), { recursive: true });
    const uploadTo = (content: string) =>
      new JobClient(own.url).call('POST', '/files', multipart(filePart(content), metadataPart('{}')));
    expect((await uploadTo('x'.repeat(SMALL_FILE_BYTES))).status).toBe(201);
    expectError(await uploadTo('x'.repeat(SMALL_FILE_BYTES + 1)), 503, 'ENOENT');
  });

  it('keeps nothing of an upload whose sender went away', async () => {
    const before = (await filesBelow(files.directory)).length;
    await files.leavesNothing(async () => {
      const socket = connect(Number(new URL(files.url).port), '127.0.0.1');
      const head = 'POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n';
      socket.write(
        `${head}Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n${filePart('x'.repeat(100_000))}`,
      );
      await eventually(async () => {
        expect(await filesBelow(files.directory)).toHaveLength(before + 1);
      });
      socket.destroy();
      await once(socket, 'close');
    });
    expect((await files.upload(filePart(CONTENT))).status).toBe(201);
  });

  it('answers 400 to a body that ends within a part, and keeps nothing', async () => {
    await files.leavesNothing(async () => {
      const { body, headers } = multipart(filePart('x'.repeat(100_000)));
      expectError(await client.call('POST', '/files', { headers, body: body.slice(0, 90_000) }), 400);
      expectError(await client.call('POST', '/files', { headers, body: body.slice(0, -6) }), 400);
    });
  });

  it('lets a caller with a large upload read why it is refused', async () => {
    const { body, headers } = multipart(metadataPart('{"x":1}'), filePart('x'.repeat(20_000_000)));
    await files.leavesNothing(async () => {
      expectError(await client.call('POST', '/files', { body, headers }), 400, '"x"');
    });
  });
});
