import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { expectError } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { send } from '../support/raw-http.js';
import { type TestServer, useServer } from '../support/server.js';
import { keyHolders } from '../support/users.js';
import { type Weakening, weakenedProgram } from './weakened.js';

/*
 * Each attack is told whose service it is on, and says what it got: on ours nothing, and something on one whose defence is
 * switched off, since else an attack that can't work at all would count as stopped.
 */

const users = keyHolders({ alice: 'user', mallory: 'user' });
const server = useServer(() => ({ env: { ...users.env, AGENT_CONCURRENCY: '0' } }));
const as = (name: string, { url } = server()): JobClient => new JobClient(url, users.as(name));

/** The same service without a defence: changed code, or settings of Node's. */
function useWeakened(
  weakenings: readonly Weakening[],
  env: Readonly<Record<string, string>> = {},
): () => TestServer {
  return useServer(async () => ({
    env: { ...users.env, AGENT_CONCURRENCY: '0', ...env },
    program: await weakenedProgram(weakenings),
  }));
}

/** All that comes back for these very bytes, until the server hangs up. */
async function exchange(bytes: string, to = server()): Promise<string> {
  const { hostname, port } = new URL(to.url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket);
}

/** Beyond those that lie together in one database. */
const LARGE_FILE_BYTES = 1_048_576;

const statusesIn = (answers: string): string[] =>
  [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => code ?? '');

describe('a path in the place of a file', () => {
  it.each([
    '../../../../etc/passwd',
    '..%2f..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f%2e%2e%2fjobs.sqlite',
    '..%5c..%5cjobs.sqlite',
    '%00',
    '....//....//etc/passwd',
    '%252e%252e%252fjobs.sqlite',
    'small.db',
    '/etc/passwd',
  ])('is none: %s', async (path) => {
    const url = `${server().url}/files/${path}/data`;
    const { status, body } = await send(url, { method: 'GET', headers: users.as('mallory') });
    expect([400, 404]).toContain(status);
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['error']);
    expect(body).not.toContain('root:');
  });

  /** By the way from the folder of another file. */
  async function readByPath(to: TestServer): Promise<number> {
    const mallory = as('mallory', to);
    const id = await mallory.upload(Buffer.alloc(LARGE_FILE_BYTES));
    const url = `${to.url}/files/..%2f${id.slice(-2)}%2f${id}/data`;
    return (await send(url, { method: 'GET', headers: users.as('mallory') })).status;
  }

  it('is none: the way to a stored file', async () => {
    expect(await readByPath(server())).toBe(400);
  });

  describe('where any text may be the id of a file', () => {
    const weak = useWeakened([
      ['data-manager/file-id.js', 'if (!isUuid(value))', 'if (value === undefined)'],
    ]);

    it('is followed: the way to a stored file', async () => {
      expect(await readByPath(weak())).toBe(200);
    });
  });
});

describe('a request within a request', () => {
  const victim = 'GET /list_jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const within = (headers: string, to?: TestServer): Promise<string> =>
    exchange(`POST /run HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n0\r\n\r\n${victim}`, to);
  const HEADERS = [
    'Content-Length: 4\r\nTransfer-Encoding: chunked',
    'Content-Length: 0\r\nContent-Length: 44',
    'Content-Length: +5',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'X: y\nTransfer-Encoding: chunked',
  ];

  it.each(HEADERS)('with %j is refused', async (headers) => {
    expect(statusesIn(await within(headers))).toEqual(['400']);
  });

  describe('where Node reads requests leniently', () => {
    const weak = useWeakened([], { NODE_OPTIONS: '--insecure-http-parser' });

    it('with two lengths of a body gets an answer of its own', async () => {
      expect(statusesIn(await within(HEADERS[0] ?? '', weak()))).toEqual(['401', '401']);
    });
  });

  it('does not write headers by a name of a file', async () => {
    const body = new FormData();
    body.append('file', new Blob(['x']), 'x');
    body.append('metadata', JSON.stringify({ name: 'a"\r\nset-cookie: a=b\r\n\r\n<script>' }));
    const { id } = (await as('mallory').call('POST', '/files', { body })).body as { id: string };
    const answer = await as('mallory').call('GET', `/files/${id}/data`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('what is no request, behind some that are', () => {
  const good = (): string => {
    const { authorization = '' } = users.as('mallory') as Record<string, string>;
    const body = '{"command":"true"}';
    return `POST /run HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };

  it.each([
    ['garbage', 'XYZ\r\n\r\nXYZ\r\n\r\n'],
    ['a body that is no chunk', 'POST /run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('is answered after them, and does not take their answers: %s', async (_what, bad) => {
    const answers = await exchange(good().repeat(3) + bad);
    expect(statusesIn(answers)).toEqual(['201', '201', '201', '400']);
    const ids = [...answers.matchAll(/"job_id":"([^"]+)"/g)].map(([, id]) => id);
    const { job_ids: listed } = (await as('mallory').call('GET', '/list_jobs')).body as { job_ids: string[] };
    expect(listed.slice(0, 3)).toEqual(ids.reverse());
  });

  it('is one that names two hosts', async () => {
    const answers = await exchange(
      'GET /health/live HTTP/1.1\r\nHost: a\r\nHOST: b\r\nConnection: close\r\n\r\n',
    );
    expect(statusesIn(answers)).toEqual(['400']);
    expect(answers).toContain('{"error":"The request has more than one Host header."}');
  });
});

describe('names that objects have', () => {
  const BODIES = [
    '{"command":"true","__proto__":{"role":"admin"}}',
    '{"command":"true","constructor":{"prototype":{"role":"admin"}}}',
    '{"command":"true","env":{"__proto__":{"role":"admin"}}}',
    '{"command":"true","labels":{"__proto__":"admin"}}',
    '{"command":"true","__proto__":[]}',
  ];

  it.each(BODIES)('give nobody a role: %s', async (body) => {
    expectError(await as('mallory').call('POST', '/run', { body }), 400);
    expectError(await as('mallory').call('GET', '/list_jobs?user=alice'), 403);
  });

  it.each(['__proto__[role]=admin', 'constructor=1', 'user[role]=admin', 'user=alice&user=mallory'])(
    'are no filters: %s',
    async (query) => {
      const { status } = await as('mallory').call('GET', `/list_jobs?${query}`);
      expect([400, 403]).toContain(status);
    },
  );

  describe('where every name is taken', () => {
    const weak = useWeakened([
      ['http/body/unsafe-names.js', "new Set([ '__proto__', 'constructor' ])", 'new Set()'],
    ]);

    // The others are no names of a field or a variable either.
    it.each(BODIES.filter((body) => body.includes('labels')))('are accepted: %s', async (body) => {
      expect((await as('mallory', weak()).call('POST', '/run', { body })).status).toBe(201);
    });
  });
});

describe('too much of something', () => {
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`l${n}`, '']));
  const LOADS: readonly [string, () => object][] = [
    ['1,000 labels', () => ({ labels: many(1_000) })],
    ['20,000 variables', () => ({ env: many(20_000) })],
  ];

  it.each([...LOADS, ['a million labels', () => ({ labels: many(1_000_000) })] as const])(
    '%s',
    async (_what, fields) => {
      const answer = await as('mallory').call('POST', '/run', { json: { command: 'true', ...fields() } });
      expect([400, 413]).toContain(answer.status);
      expect((await as('alice').call('GET', '/list_jobs', { withinMs: 5_000 })).status).toBe(200);
    },
  );

  const nested = `{"command":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  it('deep nesting', async () => {
    expectError(await as('mallory').call('POST', '/run', { body: nested }), 400, 'levels deep');
  });

  const statusOfLongHeader = async ({ url }: TestServer): Promise<number> =>
    (await send(`${url}/list_jobs`, { method: 'GET', headers: { x: 'x'.repeat(100_000) } })).status;
  it('headers', async () => {
    expect(await statusOfLongHeader(server())).toBe(431);
  });

  describe('where nothing is too much', () => {
    const weak = useWeakened(
      [
        ['jobs/api/rules/map.rules.js', 'MAX_LABELS = 64', 'MAX_LABELS = 1e9'],
        ['jobs/api/rules/map.rules.js', 'MAX_ENV_ENTRIES = 1_000', 'MAX_ENV_ENTRIES = 1e9'],
        ['http/body/unsafe-names.js', 'MAX_DEPTH = 32', 'MAX_DEPTH = 1e9'],
        ['http/body/json5-limits.js', 'MAX_TOKENS = 20_000', 'MAX_TOKENS = 1e9'],
      ],
      { NODE_OPTIONS: '--max-http-header-size=1000000' },
    );

    it.each(LOADS)('is taken: %s', async (_what, fields) => {
      const json = { command: 'true', ...fields() };
      expect((await as('mallory', weak()).call('POST', '/run', { json })).status).toBe(201);
    });

    it('overflows the stack: deep nesting', async () => {
      expectError(await as('mallory', weak()).call('POST', '/run', { body: nested }), 400, 'call stack');
    });

    it('is taken: headers', async () => {
      expect(await statusOfLongHeader(weak())).toBe(401);
    });
  });
});

describe('what answers and log tell', () => {
  it('of the software: nothing', async () => {
    const { headers } = await as('alice').call('GET', '/list_jobs');
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('of the keys: nothing, and the database has none', async () => {
    const database = await readFile(join(server().dataDir, 'jobs.sqlite'), 'latin1');
    for (const secret of users.secrets) {
      expect(server().logs()).not.toContain(secret);
      expect(database).not.toContain(secret);
    }
  });
});
