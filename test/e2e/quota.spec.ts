import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expectError } from '../support/answers.js';
import { type Answer, JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startServer, useServer } from '../support/server.js';
import { filesBelow } from '../support/stored-files.js';
import { keyHolders } from '../support/users.js';

const MOST = 200_000;
const QUOTA = { MAX_STORED_BYTES_PER_USER: String(MOST) };
const users = keyHolders({ alice: 'user', bob: 'user', root: 'admin' });

const server = useServer(() => ({ env: { ...QUOTA, ...users.env } }));

const as = (name: string) => new JobClient(server().url, users.as(name));
const answering = (bytes: number): string => `head -c ${bytes} /dev/zero`;

/** In chunks, of a length that nobody tells beforehand. */
function uploadOf(size: number): { body: ReadableStream; headers: Record<string, string> } {
  const head = '--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n';
  let left = size;
  let isBegun = false;
  const body = new ReadableStream({
    pull(controller) {
      const piece = Math.min(left, 50_000);
      left -= piece;
      controller.enqueue(isBegun ? new Uint8Array(piece) : new TextEncoder().encode(head));
      if (isBegun && left === 0) {
        controller.enqueue(new TextEncoder().encode('\r\n--B--\r\n'));
        controller.close();
      }
      if (!isBegun) left = size;
      isBegun = true;
    },
  });
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=B' } };
}

async function upload(name: string, size: number): Promise<Answer> {
  const { body, headers } = uploadOf(size);
  const init = { method: 'POST', body, duplex: 'half', headers: { ...headers, ...users.as(name) } };
  const response = await fetch(`${server().url}/files`, init as RequestInit);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe('a user', () => {
  it('is refused the upload that goes over the quota, with the numbers, and nothing of it stays', async () => {
    const { body } = await upload('bob', 150_000);
    const before = await filesBelow(`${server().dataDir}/files`);
    for (const size of [50_001, 100_000_000]) {
      const answer = await upload('bob', size);
      expectError(answer, 400, `Over quota: 150000 of the ${MOST} bytes that bob may store`);
    }
    expect(await filesBelow(`${server().dataDir}/files`)).toEqual(before);
    expect((await upload('bob', 50_000)).status).toBe(201);
    const { id } = body as { id: string };
    expect((await as('bob').call('DELETE', `/files/${id}`)).status).toBe(200);
    expect((await upload('bob', 150_000)).status).toBe(201);
  });

  it('keeps no job from ending: one whose answer is too much fails, in words, and an empty one fits', async () => {
    const alice = as('alice');
    const { answer_id } = await alice.waitForState(await alice.run(answering(MOST)), ['succeeded']);
    const {
      reason,
      outputs,
      answer_id: none,
    } = await alice.waitForState(await alice.run('echo x'), ['failed']);
    expect(reason).toContain('The result could not be stored: Over quota: 200000 of the 200000 bytes');
    expect([none, outputs]).toEqual([null, []]);
    await alice.waitForState(await alice.run('true'), ['succeeded']);
    await server().restart();
    const again = as('alice');
    await again.waitForState(await again.run('echo x'), ['failed']);
    const { job_ids } = await again.list();
    for (const id of job_ids) await again.remove(id);
    await expect(again.download(String(answer_id))).rejects.toThrow('404');
    await eventually(async () => {
      await again.waitForState(await again.run(answering(MOST)), ['succeeded']);
    });
  });

  it('has what a failed job stored before taken back', async () => {
    const alice = as('alice');
    for (const id of (await alice.list()).job_ids) await alice.remove(id);
    const request = { command: `${answering(MOST - 1)}; echo ab > out`, output_files: ['out'] };
    await alice.waitForState(await alice.run(request), ['failed']);
    // Soon after its end, not before.
    await eventually(async () => {
      await alice.waitForState(await alice.run(answering(MOST)), ['succeeded']);
    });
  });

  it('gets no more by many uploads at once', async () => {
    const sizes = Array.from({ length: 12 }, () => 60_000);
    const carol = await Promise.all(sizes.map((size) => upload('root', size)));
    expect(carol.every(({ status }) => status === 201)).toBe(true);
    for (const id of (await as('alice').list()).job_ids) await as('alice').remove(id);
    const answers = await Promise.all(sizes.map((size) => upload('alice', size)));
    const stored = answers.filter(({ status }) => status === 201);
    expect(stored.length).toBeLessThanOrEqual(3);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(sizes.length - stored.length);
  });
});

it('holds no admin to a quota, nor the jobs of one', async () => {
  expect((await upload('root', 3 * MOST)).status).toBe(201);
  const { answer_id } = await as('root').waitForState(await as('root').run(answering(2 * MOST)), [
    'succeeded',
  ]);
  expect(await as('root').download(String(answer_id))).toHaveLength(2 * MOST);
});

it('is for the data manager elsewhere to hold, whose refusal is final', async () => {
  const files = await startServer({ env: QUOTA });
  const { client } = await startServer({ env: { DATA_MANAGER_URL: files.url } });
  await client.waitForState(await client.run(answering(MOST)), ['succeeded']);
  const { attempt, reason } = await client.waitForState(await client.run({ command: 'echo x', retries: 3 }), [
    'failed',
  ]);
  expect(reason).toContain('Over quota: 200000 of the 200000 bytes');
  expect(attempt).toBe(1);
});

it('stores the same upload twice without counting it twice', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const bob = keyHolders({ bob: 'user' });
  const { client, url } = await startServer({ env: { ...QUOTA, ...bob.env } });
  const body = (): FormData => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(MOST)]), 'x');
    return form;
  };
  for (let time = 1; time <= 2; time += 1) {
    const answer = await new JobClient(url, bob.as('bob')).call('POST', '/files', { body: body(), headers });
    expect(answer.status).toBe(201);
  }
  expect((await client.call('POST', '/files', { body: body() })).status).toBe(401);
});
