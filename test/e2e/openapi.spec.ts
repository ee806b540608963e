import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { NOBODYS_ID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import {
  DocumentedAnswers,
  examplesOf,
  type OpenApiDocument,
  type Operation,
  operationsOf,
} from '../support/openapi-document.js';
import { outputOf } from '../support/run/output-of.js';
import { useServer } from '../support/server.js';
import { exampleRequestsOf, jsonBody, pathOf, type Sent } from '../support/openapi-requests.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

const ROOT = join(import.meta.dirname, '../..');
const users = keyHolders({ anna: 'user', ben: 'user', alice: 'user' });
const server = useServer(() => ({ env: users.env }));
let document: OpenApiDocument;
let answers: DocumentedAnswers;

beforeAll(async () => {
  document = (await (await fetch(`${server().url}/docs-json`)).json()) as OpenApiDocument;
  answers = new DocumentedAnswers(document);
});

async function send(operation: Operation, sent: Sent = {}, as = 'anna'): Promise<Response> {
  return fetch(server().url + pathOf(operation, sent), {
    method: operation.method,
    headers: { ...(as === 'nobody' ? {} : users.as(as)), ...sent.headers },
    ...(sent.body === undefined ? {} : { body: sent.body }),
  });
}

/** Sends what the document describes as `operationId`, and holds the answer to what is said of it. */
async function told(
  operationId: string,
  status: number,
  { as, json, ...sent }: Sent & { readonly as?: string; readonly json?: unknown } = {},
): Promise<void> {
  const operation = answers.operation(operationId);
  const response = await send(operation, json === undefined ? sent : { ...sent, ...jsonBody(json) }, as);
  expect({ operationId, status: response.status }).toEqual({ operationId, status });
  await answers.check(operation, response);
}

describe('The OpenAPI document', () => {
  it('is clean for a strict linter', async () => {
    const file = join(await temporaryDirectory(), 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const redocly = join(ROOT, 'node_modules/.bin/redocly');
    const words = ['lint', file, '--config', join(ROOT, 'redocly.yaml'), '--format', 'json'];
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const stdout = await outputOf(redocly, words, { env });
    const { problems } = JSON.parse(stdout) as { problems: { message: string; location: unknown }[] };
    expect(problems).toEqual([]);
  });

  it('names each call once, and says what each needs', () => {
    const operations = operationsOf(document);
    const others: Readonly<Record<string, readonly string[]>> = {
      live: ['200'],
      ready: ['200', '503'],
      metrics: ['200', '401', '403'],
    };
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operationId, responses } of operations) {
      expect({ operationId, codes: Object.keys(responses) }).toMatchObject({
        codes: expect.arrayContaining([...(others[operationId] ?? ['401', '429', '500', '503'])]) as unknown,
      });
    }
  });

  it('has examples of every parameter and every body', () => {
    for (const { operationId, parameters = [], requestBody } of operationsOf(document)) {
      const bodies = Object.entries(requestBody?.content ?? {}).map(([name, media]) => ({ ...media, name }));
      for (const each of [...parameters, ...bodies]) {
        const { name } = each;
        // A key is each caller's own: whoever took it from the document would be told of another's request.
        if (name === 'Idempotency-Key') continue;
        const hasExample = examplesOf(each).length > 0;
        expect({ operationId, name, hasExample }).toEqual({ operationId, name, hasExample: true });
      }
    }
  });

  it('has examples that do what they show, sent as they are', async () => {
    for (const operation of operationsOf(document)) {
      for (const { name, sent } of exampleRequestsOf(operation)) {
        const response = await send(operation, sent, 'alice');
        const { status } = response;
        const isShown = (NAMES_NOBODYS[operation.operationId] ?? [200, 201, 206, 304]).includes(status);
        expect({ name, status, isShown }).toEqual({ name, status, isShown: true });
        await answers.check(operation, response);
      }
    }
  });
});

/** Examples show the specification's own id, which nothing has. */
const NAMES_NOBODYS: Readonly<Record<string, readonly number[]>> = {
  jobInfo: [404],
  metrics: [403],
  jobOutput: [404],
  jobEvents: [404],
  cancel: [400],
  delete: [400],
};

describe('Every answer is as the OpenAPI document says:', () => {
  const client = (user: string): JobClient => new JobClient(server().url, users.as(user));
  const json = (job_id: string): { json: unknown } => ({ json: { job_id } });

  it('of jobs', async () => {
    const anna = client('anna');
    const input = await anna.upload('in');
    await told('run', 201, { json: { command: 'true', labels: { a: 'b' }, ttl: '18446744073709551615' } });
    await told('run', 400, { json: { command: '' } });
    await told('run', 400, { json: { command: 'true', input_files: [NOBODYS_ID] } });
    await told('run', 413, { body: 'x'.repeat(2_000_000) });
    const done = await anna.run({
      command: 'echo out; echo err >&2; cp $INPUT_1 made',
      input_files: [input],
      output_files: ['made'],
      limits: { cpu_seconds: 5 },
    });
    await anna.waitForState(done, ['succeeded']);
    const failed = await anna.run('kill -9 $$');
    await anna.waitForState(failed, ['failed']);
    const running = await anna.run('sleep 60');
    await anna.waitForState(running, ['running']);
    const waiting = await anna.run({ command: 'true', requires: ['nobody-has-it'] });
    for (const job_id of [done, failed, running, waiting]) await told('jobInfo', 200, { path: { job_id } });
    await told('jobInfo', 400, { path: { job_id: 'x' } });
    await told('jobInfo', 404);
    await told('jobInfo', 404, { path: { job_id: done }, as: 'ben' });
    await told('cancel', 403, { ...json(running), as: 'ben' });
    await told('cancel', 200, json(running));
    await told('cancel', 400, json(done));
    await told('jobInfo', 200, { path: { job_id: running } });
    await told('delete', 403, { ...json(done), as: 'ben' });
    await told('delete', 200, json(done));
    await told('delete', 200, { query: `?job_id=${failed}` });
    await told('delete', 400, json(done));
    await told('jobInfo', 410, { path: { job_id: done } });
    await told('listJobs', 200, {
      query: '?limit=1&state=cancelled&state=queued&created_after=2020-01-01T00:00:00Z',
    });
    await told('listJobs', 400, { query: '?limit=0' });
    await told('listJobs', 403, { query: '?user=ben' });
    await told('agents', 200);
  });

  it('of files', async () => {
    const form = (metadata: string): FormData => {
      const parts = new FormData();
      parts.append('metadata', metadata);
      parts.append('file', new Blob(['0123456789']), 'digits');
      return parts;
    };
    await told('uploadFile', 201, {
      body: form('{"name": "digits", "ttl": 60, "tags": ["a"], "acl": ["ben"]}'),
    });
    await told('uploadFile', 400, { body: form('{"unknown": 1}') });
    const id = await client('anna').upload('0123456789');
    const etag = (await fetch(`${server().url}/files/${id}/data`, { headers: users.as('anna') })).headers.get(
      'etag',
    );
    await told('downloadFile', 200, { path: { id } });
    await told('downloadFile', 206, { path: { id }, headers: { range: 'bytes=1-3' } });
    await told('downloadFile', 304, { path: { id }, headers: { 'if-none-match': String(etag) } });
    await told('downloadFile', 416, { path: { id }, headers: { range: 'bytes=90-' } });
    await told('downloadFile', 404);
    await told('fileInfo', 200, { path: { id } });
    await told('fileInfo', 404, { path: { id }, as: 'ben' });
    await told('shareFile', 200, { path: { id }, json: { acl: ['ben'] } });
    await told('shareFile', 403, { path: { id }, json: { acl: ['ben'] }, as: 'ben' });
    await told('shareFile', 400, { path: { id }, json: {} });
    await told('fileInfo', 200, { path: { id }, as: 'ben' });
    await told('deleteFile', 403, { path: { id }, as: 'ben' });
    await told('deleteFile', 200, { path: { id } });
    await told('deleteFile', 404, { path: { id } });
  });

  it('to nobody', async () => {
    for (const { operationId } of operationsOf(document))
      await told(operationId, ['live', 'ready'].includes(operationId) ? 200 : 401, { as: 'nobody' });
  });
});
