import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

const WHO = ['nobody', 'badKey', 'owner', 'other', 'admin'] as const;
type Who = (typeof WHO)[number];
type Codes = readonly [number, number, number, number, number];

const users = keyHolders({ owner: 'user', other: 'user', admin: 'admin' });
const server = useServer(() => ({ env: { ...users.env, AGENT_CONCURRENCY: '2' } }));

function client(who: Who): JobClient {
  if (who === 'nobody') return new JobClient(server().url);
  if (who === 'badKey') return new JobClient(server().url, { authorization: 'Bearer wrong' });
  return new JobClient(server().url, users.as(who));
}

/** A finished job of the owner's with an answer, and a file of the owner's. */
async function belongings(): Promise<{ job: string; file: string; answer: string }> {
  const owner = client('owner');
  const job = await owner.run('echo secret');
  const { answer_id: answer } = await owner.waitForState(job, ['succeeded']);
  return { job, file: await owner.upload('content'), answer: String(answer) };
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
}

type Made = Awaited<ReturnType<typeof belongings>>;

/** Each call on what is the owner's, and what it answers to nobody, a bad key, the owner, another user and an admin. */
const MATRIX: [string, (made: Made) => Request, Codes][] = [
  ['run', () => ({ method: 'POST', path: '/run', json: { command: 'true' } }), [401, 401, 201, 201, 201]],
  [
    'run with a file',
    ({ file }) => ({ method: 'POST', path: '/run', json: { command: 'true', input_files: [file] } }),
    [401, 401, 201, 400, 201],
  ],
  ['job_info', ({ job }) => ({ method: 'GET', path: `/job_info/${job}` }), [401, 401, 200, 404, 200]],
  [
    'its alias',
    ({ job }) => ({ method: 'GET', path: `/api/job/job_info?job_id=${job}` }),
    [401, 401, 200, 404, 200],
  ],
  ['list_jobs', () => ({ method: 'GET', path: '/list_jobs' }), [401, 401, 200, 200, 200]],
  [
    `list_jobs of a user`,
    () => ({ method: 'GET', path: '/list_jobs?user=owner' }),
    [401, 401, 200, 403, 200],
  ],
  [
    'cancel',
    ({ job }) => ({ method: 'POST', path: '/cancel', json: { job_id: job } }),
    [401, 401, 400, 403, 400],
  ],
  ['delete', ({ job }) => ({ method: 'DELETE', path: `/delete?job_id=${job}` }), [401, 401, 200, 403, 200]],
  [
    'its alias',
    ({ job }) => ({ method: 'DELETE', path: '/cancel', json: { job_id: job } }),
    [401, 401, 200, 403, 200],
  ],
  ['agents', () => ({ method: 'GET', path: '/agents' }), [401, 401, 200, 200, 200]],
  [
    'an answer',
    ({ answer }) => ({ method: 'GET', path: `/files/${answer}/data` }),
    [401, 401, 200, 404, 200],
  ],
  ['a file', ({ file }) => ({ method: 'GET', path: `/v1/files/${file}/data` }), [401, 401, 200, 404, 200]],
  [
    'the head of a file',
    ({ file }) => ({ method: 'HEAD', path: `/files/${file}/data` }),
    [401, 401, 200, 404, 200],
  ],
  [
    'what is known of a file',
    ({ file }) => ({ method: 'GET', path: `/files/${file}/info` }),
    [401, 401, 200, 404, 200],
  ],
  [
    'sharing a file',
    ({ file }) => ({ method: 'PUT', path: `/files/${file}/acl`, json: { acl: [] } }),
    [401, 401, 200, 404, 200],
  ],
  [
    'deleting a file',
    ({ file }) => ({ method: 'DELETE', path: `/files/${file}` }),
    [401, 401, 200, 404, 200],
  ],
  [
    'a wrong request',
    () => ({ method: 'POST', path: '/run', json: { colour: 1 } }),
    [401, 401, 400, 400, 400],
  ],
  ['health', () => ({ method: 'GET', path: '/health/ready' }), [200, 200, 200, 200, 200]],
];

describe('who may do what', () => {
  describe.each(MATRIX)('%s', (_call, request, codes) => {
    it.each(WHO.map((who, index) => [who, codes[index]] as const))('%s: %i', async (who, code) => {
      const { method, path, json } = request(await belongings());
      const answer = await client(who).call(method, path, json === undefined ? {} : { json });
      if (code !== undefined && code >= 400 && method !== 'HEAD') expectError(answer, code);
      expect(answer.status).toBe(code);
      if (code === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });

  it.each(['nobody', 'badKey'] as const)('uploads of %s are refused', async (who) => {
    const body = new FormData();
    body.append('file', new Blob(['x']), 'x');
    expectError(await client(who).call('POST', '/files', { body }), 401);
  });

  it('says the same of what is not there and of what is not theirs', async () => {
    const { job, file } = await belongings();
    const other = client('other');
    const said = async (path: string, id: string): Promise<string> =>
      JSON.stringify((await other.call('GET', path)).body).replaceAll(id, 'ID');
    expect(await said(`/job_info/${job}`, job)).toBe(await said(`/job_info/${NOBODYS_ID}`, NOBODYS_ID));
    expect(await said(`/files/${file}/info`, file)).toBe(await said(`/files/${NOBODYS_ID}/info`, NOBODYS_ID));
    const run = async (id: string): Promise<string> => {
      const answer = await other.call('POST', '/run', { json: { command: 'true', binary: id } });
      return JSON.stringify([answer.status, answer.body]).replaceAll(id, 'ID');
    };
    expect(await run(file)).toBe(await run(NOBODYS_ID));
  });

  it('takes a key as X-Api-Key too, and none from the query', async () => {
    const { authorization = '' } = users.as('owner');
    const key = authorization.slice('Bearer '.length);
    const url = server().url;
    expect((await fetch(`${url}/list_jobs`, { headers: { 'x-api-key': key } })).status).toBe(200);
    for (const query of [`api_key=${key}`, `key=${key}`, `access_token=${key}`, `x-api-key=${key}`])
      expect((await fetch(`${url}/list_jobs?${query}`)).status).toBe(401);
  });

  it.each(['', 'Bearer', 'Bearer ', 'Basic b3duZXI6eA==', 'bearer  x y', 'Bearer undefined', 'Bearer null'])(
    'does not take %j for credentials',
    async (authorization) => {
      const { status } = await fetch(`${server().url}/list_jobs`, { headers: { authorization } });
      expect(status).toBe(401);
    },
  );
});

describe('a shared file', () => {
  let file = '';
  beforeAll(async () => {
    file = await client('owner').upload('shared');
  });

  it('may be read and used, but not changed, by those it is shared with', async () => {
    const share = { json: { acl: ['other'] } };
    expect((await client('owner').call('PUT', `/files/${file}/acl`, share)).body).toEqual({
      id: file,
      acl: ['other'],
    });
    const other = client('other');
    expect((await other.download(file)).toString()).toBe('shared');
    expect((await other.call('GET', `/files/${file}/info`)).body).toMatchObject({
      owner: 'owner',
      acl: ['other'],
    });
    expect(await other.answerOf({ command: 'cat "$INPUT_1"', input_files: [file] })).toBe('shared');
    expectError(await other.call('DELETE', `/files/${file}`), 403);
    expectError(await other.call('PUT', `/files/${file}/acl`, { json: { acl: ['*'] } }), 403);
  });

  it('is read by a job as its owner may when it begins, not when he asked', async () => {
    const gate = join(await temporaryDirectory(), 'gate');
    const held = `until [ -e ${gate} ]; do sleep 0.05; done`;
    const busy = [await client('owner').run(held), await client('owner').run(held)];
    for (const id of busy) await client('owner').waitForState(id, ['running']);
    const late = { command: 'cat "$INPUT_1"', input_files: [file] };
    const ids = [await client('other').run(late), await client('admin').run(late)];
    await client('owner').call('PUT', `/files/${file}/acl`, { json: { acl: [] } });
    await writeFile(gate, '');
    const [others, admins] = [
      await client('other').waitForState(ids[0] ?? '', ['failed']),
      await client('admin').waitForState(ids[1] ?? '', ['succeeded']),
    ];
    expect(others).toMatchObject({ answer_id: null, reason: expect.stringContaining(file) });
    expect((await client('admin').download(String(admins.answer_id))).toString()).toBe('shared');
    await client('owner').call('PUT', `/files/${file}/acl`, { json: { acl: ['other'] } });
  });

  it('is no more once the owner says so', async () => {
    await client('owner').call('PUT', `/files/${file}/acl`, { json: { acl: [] } });
    expectError(await client('other').call('GET', `/files/${file}/data`), 404);
  });

  it.each([{}, { acl: null }, { acl: [1] }, { acl: [''] }, { acl: [], mode: 1 }])(
    'is not shared by %j',
    async (json) => {
      expectError(await client('owner').call('PUT', `/files/${file}/acl`, { json }), 400);
    },
  );

  it('may be shared from the start, whatever its size', async () => {
    for (const size of [10, 200_000]) {
      const body = new FormData();
      body.append('file', new Blob(['x'.repeat(size)]), 'x');
      body.append('metadata', JSON.stringify({ acl: ['*'] }));
      const { body: made } = await client('owner').call('POST', '/files', { body });
      const { id } = made as { id: string };
      expect(await client('other').download(id)).toHaveLength(size);
      await client('owner').call('PUT', `/files/${id}/acl`, { json: { acl: [] } });
      expectError(await client('other').call('GET', `/files/${id}/data`), 404);
      expect(await client('owner').download(id)).toHaveLength(size);
    }
  });

  it('does not tell who chooses the id of one that is there what is in it', async () => {
    const body = new FormData();
    body.append('file', new Blob(['shared']), 'x');
    const headers = { 'idempotency-key': file };
    expectError(await client('other').call('POST', '/files', { body, headers }), 400);
  });
});

describe('a file that an admin stores in the name of another', () => {
  const stored = async (owner: string): Promise<Awaited<ReturnType<JobClient['call']>>> => {
    const body = new FormData();
    body.append('file', new Blob(['x']), 'x');
    return client('admin').call('POST', '/files', { body, headers: { 'x-file-owner': owner } });
  };

  it('is his, whatever his script', async () => {
    for (const owner of ['other', '\u{1f600}'.repeat(255)]) {
      const { body } = await stored(encodeURIComponent(owner));
      const { id } = body as { id: string };
      expect((await client('admin').call('GET', `/files/${id}/info`)).body).toMatchObject({ owner });
    }
  });

  it.each(['%ff', 'x'.repeat(256), 'a%0Ab', '%00', 'blank%20', '%'])(
    'is refused where there can be no such user: %s',
    async (owner) => {
      expectError(await stored(owner), 400, 'x-file-owner');
    },
  );
});

describe('the keys', () => {
  it('are in no line of the log, and in no job', async () => {
    const environment = await client('owner').answerOf('env; cat /proc/self/environ');
    for (const secret of users.secrets) {
      expect(environment).not.toContain(secret);
      expect(server().logs()).not.toContain(secret);
    }
  });
});
