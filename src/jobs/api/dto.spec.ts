import { describe, expect, it } from '@jest/globals';
import { type Type } from '@nestjs/common';
import { ContractPipe } from '../../http/contract.pipe.js';
import { decodeBody } from '../../http/body/decode-body.js';
import { DomainError } from '../../kernel/errors.js';
import { MAX_TTL } from '../job.types.js';
import { JobIdDto, jobIdIn, MaybeJobIdDto } from './job-id.dto.js';
import { jobFilterOf, ListJobsDto } from './list-jobs.dto.js';
import { RunJobDto, runRequestOf } from './run-job.dto.js';

const A = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';
const B = '01900000-0000-7000-8000-000000000000';
const pipe = new ContractPipe();

async function validated<T>(dto: Type<T>, fields: unknown): Promise<T> {
  return (await pipe.transform(fields, { type: 'custom', metatype: dto })) as T;
}

async function run(body: string | object, contentType?: string): Promise<unknown> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return runRequestOf(await validated(RunJobDto, decodeBody(Buffer.from(text), contentType)));
}

async function faultOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DomainError && error.code === 'invalid_request') return error.message;
  throw error instanceof Error ? error : new Error('It was accepted.');
}

describe('the body of run', () => {
  it('is all that the contract lists', async () => {
    const body = {
      command: 'true',
      binary: A.toUpperCase(),
      input_files: [A, B.toUpperCase(), A],
      ttl: 60,
      output_files: ['out/*.txt'],
      env: { A: '1', toString: '' },
      name: 'n',
      labels: { 'team/x': 'y' },
      timeout: 5,
      retries: 0,
      retry_on_failure: true,
      priority: -3,
    };
    expect(await run(body)).toEqual({
      command: 'true',
      binary: A,
      inputFiles: [A, B, A],
      ttl: 60n,
      outputFiles: ['out/*.txt'],
      env: { A: '1', toString: '' },
      name: 'n',
      labels: { 'team/x': 'y' },
      timeout: 5,
      retries: 0,
      retryOnFailure: true,
      priority: -3,
    });
  });

  it('may be a form, in which all is text', async () => {
    const form = `command=true&input_files=${A}&ttl=60&env[A]=1&labels[x]=&timeout=5&retry_on_failure=false&priority=-3`;
    expect(await run(form, 'application/x-www-form-urlencoded')).toEqual({
      command: 'true',
      inputFiles: [A],
      ttl: 60n,
      env: { A: '1' },
      labels: { x: '' },
      timeout: 5,
      retryOnFailure: false,
      priority: -3,
    });
  });

  it.each([
    ['0', 0n],
    ['18446744073709551615', MAX_TTL],
    ['"18446744073709551615"', MAX_TTL],
    ['9007199254740993', 9007199254740993n],
    ['1e3', 1000n],
    ['60.0', 60n],
    ['"007"', 7n],
    [`"${'0'.repeat(30)}5"`, 5n],
    ['0e9999', 0n],
    ['50e-0001', 5n],
    [`5.${'0'.repeat(60)}`, 5n],
  ])('takes the ttl %s exactly', async (ttl, value) => {
    expect(await run(`{"command":"true","ttl":${ttl}}`)).toEqual({ command: 'true', ttl: value });
  });

  it.each([
    ...[
      '18446744073709551616',
      '"18446744073709551616"',
      '-1',
      '1.5',
      '"abc"',
      'true',
      '[]',
      'null',
      '{}',
      '""',
      '" 1"',
    ],
    ...['"1e3"', '"+1"', '"0x10"', '"1.0"', 'NaN', 'Infinity', '0.99999999999999999999', '[1]', '"١"'],
  ])('refuses the ttl %s', async (ttl) => {
    expect(await faultOf(run(`{"command":"true","ttl":${ttl}}`))).toBe(
      'ttl must be a whole number of seconds from 0 to 18446744073709551615.',
    );
  });

  it('may have a command of all of Unicode, up to the limit of one argument', async () => {
    const command = `echo '\u{1f600}\u0001\u2028"\n\\'`;
    expect(await run({ command })).toEqual({ command });
    await expect(run({ command: 'é'.repeat(65_535) + 'x' })).resolves.toBeDefined();
    expect(await faultOf(run({ command: 'é'.repeat(65_536) }))).toContain('at most 131071 bytes');
  });

  it.each([
    ['{}', 'command is missing.'],
    ['{"command":""}', 'command must not be empty.'],
    ['{"command":"a\\u0000b"}', 'command must not contain a NUL character.'],
    ['{"command":"a\\ud800b"}', 'command must be valid Unicode, without lone surrogates.'],
    ['{"command":null}', 'command must be a string.'],
    ['{"command":["true"]}', 'command must be a string.'],
  ])('%s is refused', async (body, fault) => {
    expect(await faultOf(run(body))).toBe(fault);
  });

  it.each([
    [{ binary: 'x' }, 'binary must be a UUID.'],
    [{ binary: null }, 'binary must be a UUID.'],
    [{ input_files: {} }, 'input_files must be an array of UUIDs.'],
    [{ input_files: [A, 1] }, 'input_files must hold UUIDs only, which its element 1 is not.'],
    [{ input_files: Array(1_001).fill(A) }, 'input_files must be at most 1000 UUIDs.'],
    [{ output_files: ['ok', '../x'] }, 'which its element 1 is not'],
    [{ output_files: ['/etc/passwd'] }, 'which its element 0 is not'],
    [{ output_files: Array(101).fill('a') }, 'output_files must be at most 100 globs.'],
    [{ env: [] }, 'env must be an object of strings.'],
    [{ env: 'A=1' }, 'env must be an object of strings.'],
    [{ env: { '1A': 'x' } }, '"1A" is no name of a variable'],
    [{ env: { A: 1 } }, '"A" must be a string'],
    [{ env: { A: 'x\0' } }, '"A" must not contain a NUL'],
    [{ env: { INPUT_12: 'x' } }, '"INPUT_12" is set by the job manager itself'],
    [{ env: { JOB_MANAGER_X: 'x' } }, '"JOB_MANAGER_X" is set by the job manager itself'],
    [{ env: { A: 'x'.repeat(131_070) } }, '"A" must be at most 131072 bytes with its name'],
    [
      { env: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`V${i}`, 'x'.repeat(110_000)])) },
      'bytes in all',
    ],
    [
      { env: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`V${i}`, ''])) },
      'at most 1000 entries',
    ],
    [{ name: '' }, 'name must be 1 to 255 characters'],
    [{ name: 'a\nb' }, 'name must be 1 to 255 characters'],
    [{ name: '\u{1f600}'.repeat(256) }, 'name must be 1 to 255 characters'],
    [{ labels: { 'a b': 'x' } }, '"a b" is no key of a label'],
    [{ labels: { a: 'x'.repeat(128) } }, '"a" must be at most 127 characters'],
    [{ timeout: 0 }, 'timeout must be a whole number from 1 to 3155760000.'],
    [{ timeout: 1.5 }, 'timeout must be'],
    [{ retries: -1 }, 'retries must be a whole number from 0 to 1000.'],
    [{ retries: '1e2' }, 'retries must be'],
    [{ retry_on_failure: 1 }, 'retry_on_failure must be true or false.'],
    [{ priority: 1_001 }, 'priority must be a whole number from -1000 to 1000.'],
    [{ limits: [] }, 'limits must be an object.'],
    [{ limits: { cores: 1 } }, '"cores" is unknown; there are cpu_seconds,'],
    [{ limits: { open_files: 64 } }, '"open_files" is unknown'],
    [{ limits: { toString: 1 } }, '"toString" is unknown'],
    [{ limits: { pids: 0 } }, '"pids" must be a whole number from 1 to 1000000.'],
    [{ limits: { cpu_seconds: '1s' } }, '"cpu_seconds" must be a whole number from 1'],
    [{ limits: { memory_bytes: 4_194_303 } }, '"memory_bytes" must be a whole number from 4194304'],
    [{ limits: { disk_bytes: 1e300 } }, '"disk_bytes" must be'],
    [{ limits: { network: 1 } }, '"network" must be true or false.'],
    [{ toString: 1 }, '"toString" is unknown.'],
    [{ hasOwnProperty: 1 }, '"hasOwnProperty" is unknown.'],
  ])('%j is refused by name', async (fields, fault) => {
    expect(await faultOf(run({ command: 'true', ...fields }))).toContain(fault);
  });

  it('gets all its faults told at once, without what was given', async () => {
    const secret = 's3cret'.repeat(1_000);
    const fault = await faultOf(
      run({ command: 7, name: `${secret}\n`, priority: secret, ttl: secret, x: secret }),
    );
    expect(fault).toMatch(/^"x" is unknown; command must.+; ttl must.+; name must.+; priority must.+\.$/);
    expect(fault).not.toContain('s3cret');
  });

  it('gets a bounded answer to any number of faults', async () => {
    const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`${'y'.repeat(200)}${i}`, 1]));
    const fault = await faultOf(run(fields));
    expect(fault).toContain('and 4991 more faults');
    expect(fault.length).toBeLessThan(2_000);
  });
});

describe('job_id', () => {
  it('is lower-cased, whatever its version', async () => {
    expect(await validated(JobIdDto, { job_id: A.toUpperCase() })).toEqual({ job_id: A });
    expect(await validated(JobIdDto, { job_id: B })).toEqual({ job_id: B });
  });

  it.each([
    [{}, 'job_id is missing.'],
    [{ job_id: 'x' }, 'job_id must be a UUID.'],
    [{ job_id: [A] }, 'job_id must be a UUID.'],
    [{ job_id: `{${A}}` }, 'job_id must be a UUID.'],
    [{ id: A }, '"id" is unknown; job_id is missing.'],
  ])('%j is refused', async (fields, fault) => {
    expect(await faultOf(validated(JobIdDto, fields))).toBe(fault);
  });

  it('may be in the body or in the query string, or the same in both', async () => {
    const [none, upper, lower, other] = await Promise.all(
      [{}, { job_id: A.toUpperCase() }, { job_id: A }, { job_id: B }].map((it) =>
        validated(MaybeJobIdDto, it),
      ),
    );
    if (!none || !upper || !lower || !other) throw new Error('unreachable');
    expect([jobIdIn(lower, none), jobIdIn(none, lower), jobIdIn(upper, lower)]).toEqual([A, A, A]);
    expect(() => jobIdIn(lower, other)).toThrow('differs');
    expect(() => jobIdIn(none, none)).toThrow('missing');
  });
});

describe('the filters of list_jobs', () => {
  const filter = async (fields: object): Promise<unknown> =>
    jobFilterOf(await validated(ListJobsDto, fields));

  it('are none by default', async () => {
    expect(await filter({})).toEqual({ limit: 100 });
  });

  it('are all that the contract lists', async () => {
    const fields = {
      state: ['queued', 'running', 'queued'],
      user: 'anonymous',
      label: ['a=b=c', 'x='],
      created_after: '2026-01-01',
      created_before: '2026-01-01T02:00:00.500250+02',
      limit: '1000',
      page_token: 'abc',
    };
    expect(await filter(fields)).toEqual({
      states: ['queued', 'running'],
      user: 'anonymous',
      labels: [
        { key: 'a', value: 'b=c' },
        { key: 'x', value: '' },
      ],
      createdAfter: Date.UTC(2026, 0, 1),
      createdBefore: Date.UTC(2026, 0, 1) + 500.25,
      limit: 1000,
      pageToken: 'abc',
    });
  });

  it.each([
    ['2026-07-31T12:00Z', Date.UTC(2026, 6, 31, 12)],
    ['2026-07-31T12:00:00 02:00', Date.UTC(2026, 6, 31, 10)],
    ['2026-07-31T12:00:00-0130', Date.UTC(2026, 6, 31, 13, 30)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['0001-01-01', -62135596800000],
  ])('%s is a time', async (text, milliseconds) => {
    expect(await filter({ created_after: text })).toEqual({ createdAfter: milliseconds, limit: 100 });
  });

  it.each([
    ...[
      '',
      'yesterday',
      '2026',
      '2026-02-29',
      '2026-13-01',
      '2026-07-31T12:00:00',
      '2026-07-31T24:00:00Z',
      '1785499200',
    ],
    ...['2026-07-31T12:60Z', '+002026-07-31', '2026-07-31Z', '2026-07-31T12:00:00+25:00'],
  ])('"%s" is no time', async (text) => {
    expect(await faultOf(filter({ created_before: text }))).toMatch(/^created_before must be an ISO 8601/);
  });

  it.each([
    [{ states: 'queued' }, '"states" is unknown.'],
    [{ state: 'queued,running' }, 'state must be one of'],
    [{ state: 'claimed' }, 'state must be one of'],
    [{ label: 'a' }, 'label must be key=value'],
    [{ label: ['a=b', '=c'] }, 'label must be key=value'],
    [{ user: ['a', 'b'] }, 'user must be'],
    [{ user: '' }, 'user must be'],
    [{ limit: '0' }, 'limit must be a whole number from 1 to 1000.'],
    [{ limit: '1001' }, 'limit must be'],
    [{ limit: ['1', '2'] }, 'limit must be'],
    [{ limit: '1e2' }, 'limit must be'],
    [{ page_token: '' }, 'page_token must be'],
    [{ created_after: ['2026-01-01', '2026-01-02'] }, 'created_after must be'],
  ])('%j is refused', async (fields, fault) => {
    expect(await faultOf(filter(fields))).toContain(fault);
  });
});
