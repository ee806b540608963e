import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { expectError } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { send } from '../support/raw-http.js';
import { useServer } from '../support/server.js';
import { keyHolders } from '../support/users.js';

const users = keyHolders({ alice: 'user', mallory: 'user' });
const server = useServer(() => ({ env: { ...users.env, AGENT_CONCURRENCY: '0' } }));
const as = (name: string): JobClient => new JobClient(server().url, users.as(name));

/** All that comes back for these very bytes, until the server hangs up. */
async function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(server().url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket);
}

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
});

describe('a request within a request', () => {
  const victim = 'GET /list_jobs HTTP/1.1\r\nHost: x\r\n\r\n';

  it('with two lengths of a body is refused', async () => {
    const answers = await exchange(
      `POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${victim}`,
    );
    expect(statusesIn(answers)).toEqual(['400']);
  });

  it.each([
    'Content-Length: 0\r\nContent-Length: 44',
    'Content-Length: +5',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'X: y\nTransfer-Encoding: chunked',
  ])('with %j is refused', async (header) => {
    const answers = await exchange(`POST /run HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${victim}`);
    expect(statusesIn(answers)[0]).toBe('400');
    expect(statusesIn(answers)).not.toContain('200');
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

describe('names that objects have', () => {
  it.each([
    '{"command":"true","__proto__":{"role":"admin"}}',
    '{"command":"true","constructor":{"prototype":{"role":"admin"}}}',
    '{"command":"true","env":{"__proto__":{"role":"admin"}}}',
    '{"command":"true","labels":{"__proto__":"admin"}}',
    '{"command":"true","__proto__":[]}',
  ])('give nobody a role: %s', async (body) => {
    const answer = await as('mallory').call('POST', '/run', { body });
    expectError(answer, 400);
    expectError(await as('mallory').call('GET', '/list_jobs?user=alice'), 403);
  });

  it.each(['__proto__[role]=admin', 'constructor=1', 'user[role]=admin', 'user=alice&user=mallory'])(
    'are no filters: %s',
    async (query) => {
      const { status } = await as('mallory').call('GET', `/list_jobs?${query}`);
      expect([400, 403]).toContain(status);
    },
  );
});

describe('too much of something', () => {
  it.each([
    [
      'a million labels',
      () => ({ labels: Object.fromEntries(Array.from({ length: 1_000_000 }, (_, n) => [`l${n}`, ''])) }),
    ],
    [
      '10,000 labels',
      () => ({ labels: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`l${n}`, ''])) }),
    ],
    [
      '100,000 variables',
      () => ({ env: Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`v${n}`, ''])) }),
    ],
  ])('%s', async (_what, fields) => {
    const answer = await as('mallory').call('POST', '/run', { json: { command: 'true', ...fields() } });
    expect([400, 413]).toContain(answer.status);
    expect((await as('alice').call('GET', '/list_jobs', { withinMs: 5_000 })).status).toBe(200);
  });

  it('deep nesting', async () => {
    const body = `{"command":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expectError(await as('mallory').call('POST', '/run', { body }), 400);
  });

  it('headers', async () => {
    const { status } = await send(`${server().url}/list_jobs`, {
      method: 'GET',
      headers: { x: 'x'.repeat(100_000) },
    });
    expect(status).toBe(431);
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
