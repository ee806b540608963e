import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import openapiTypes, { astToString } from 'openapi-typescript';
import { outputOf } from '../support/run/output-of.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

const ROOT = join(import.meta.dirname, '../..');
const users = keyHolders({ anna: 'user' });
const server = useServer(() => ({ env: users.env }));

const COMPILER_OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'dom'],
  types: ['node'],
};

/** What a caller would write; each wrong word in it is a fault of the compiler's. */
const PROGRAM = `
import createClient from 'openapi-fetch';
import type { paths } from './schema.js';

const [baseUrl = '', authorization = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { authorization } });

const { data: started, error } = await client.POST('/run', { body: { command: 'uname -a | wc -l', ttl: '600' } });
if (started === undefined) throw new Error(error.error);
const of = { params: { path: { job_id: started.job_id } } };

async function end() {
  for (;;) {
    const { data: job, error } = await client.GET('/job_info/{job_id}', of);
    if (job === undefined) throw new Error(error.error);
    if (job.state !== 'queued' && job.state !== 'staging' && job.state !== 'running') return job;
  }
}

const job = await end();
const file = { params: { path: { id: job.answer_id ?? '' } }, parseAs: 'text' as const };
const answer = await client.GET('/files/{id}/data', file);
const page = await client.GET('/list_jobs', { params: { query: { state: ['succeeded'], limit: 1 } } });
const late = await client.POST('/cancel', { body: { job_id: started.job_id } });
const removed = await client.DELETE('/delete', { body: { job_id: started.job_id } });
const gone = await client.GET('/job_info/{job_id}', of);
console.log(JSON.stringify({
  state: job.state,
  answer: answer.data,
  isListed: page.data?.job_ids.includes(started.job_id),
  late: late.error?.error,
  isRemoved: removed.data?.job_id === started.job_id,
  gone: gone.response.status,
}));
`;

it('A client that is generated from the document compiles, and runs a job from start to end', async () => {
  const document = (await (await fetch(`${server().url}/docs-json`)).json()) as Parameters<
    typeof openapiTypes
  >[0];
  const directory = await temporaryDirectory();
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const files = {
    'package.json': '{"type": "module"}',
    'tsconfig.json': JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }),
    'schema.ts': astToString(await openapiTypes(document)),
    'main.ts': PROGRAM,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  expect(await outputOf(process.execPath, [compiler, '-p', directory])).toBe('');
  const words = [join(directory, 'main.js'), server().url, String(users.as('anna').authorization)];
  const stdout = await outputOf(process.execPath, words, { cwd: directory });
  expect(JSON.parse(stdout)).toEqual({
    state: 'succeeded',
    answer: '1\n',
    isListed: true,
    late: expect.stringContaining('has already finished'),
    isRemoved: true,
    gone: 410,
  });
});
