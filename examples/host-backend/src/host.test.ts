import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplication } from '@nestjs/common';
import { createHost } from './host.js';

const ANN = { 'x-user': 'ann' };
let dataDir: string;
let app: INestApplication;
let url: string;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'host-backend-'));
  app = await createHost(dataDir);
  await app.listen(0, '127.0.0.1');
  url = `${await app.getUrl()}/api`;
});
after(async () => {
  await app.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; body: any }> {
  const response = await fetch(url + path, { method, ...init });
  return { status: response.status, body: await response.json() };
}

/** Asks until it is so; 20 seconds at the most. */
async function eventually<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 20_000; ; await delay(50)) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    assert.ok(Date.now() < deadline, JSON.stringify(answer));
  }
}

test("a job runs by the specification's sample call, below the host's prefix and ours", async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...ANN };
  const started = await call('POST', '/jobs/run', {
    body: '{ "command": "uname -a | wc -l", }',
    headers: form,
  });
  assert.equal(started.status, 201);
  const path = `/jobs/job_info/${started.body.job_id}`;
  const { body } = await eventually(
    () => call('GET', path, { headers: ANN }),
    ({ body: { state } }) => state === 'succeeded',
  );
  const answer = await fetch(`${url}/jobs/files/${body.answer_id}/data`, { headers: ANN });
  assert.equal(await answer.text(), '1\n');
});

test("the host's guard decides, in the job manager's shape", async () => {
  const { status, body } = await call('GET', '/jobs/list_jobs');
  assert.equal(status, 401);
  assert.deepEqual(Object.keys(body), ['error']);
});

test("the host's own route has a job do its work", async () => {
  const headers = { 'content-type': 'application/json' };
  const { body } = await call('POST', '/reports', {
    body: JSON.stringify({ text: 'three small words' }),
    headers,
  });
  const report = await eventually(
    () => call('GET', `/reports/${body.report}`),
    ({ body: { words } }) => words !== null,
  );
  assert.deepEqual(report.body, { words: 3 });
});

test("the host's own health check, by terminus, asks the job manager", async () => {
  const { status, body } = await call('GET', '/health');
  assert.equal(status, 200);
  assert.deepEqual(body.info, { jobs: { status: 'up' } });
});

test("the host's own filter and parser are as they were", async () => {
  const unknown = await call('GET', '/reports/00000000-0000-7000-8000-000000000000');
  assert.deepEqual(unknown, { status: 404, body: { problem: 'no such report' } });
  assert.deepEqual(await call('GET', '/nowhere'), {
    status: 404,
    body: { problem: 'Cannot GET /api/nowhere' },
  });
  const headers = { 'content-type': 'application/json' };
  const broken = await call('POST', '/reports', { body: '{"text":', headers });
  assert.equal(broken.status, 400);
  assert.deepEqual(Object.keys(broken.body), ['problem']);
});
