import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Caller,
  ConfigError,
  DomainError,
  JobManager,
  JobManagerModule,
  type JobManagerOptions,
} from '../../src/index.js';
import { NOBODYS_ID, UUID } from '../support/answers.js';
import { eventually } from '../support/eventually.js';
import { processesWith } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ALICE = { user: 'alice', role: 'user' } as const;
const BOB = { user: 'bob', role: 'user' } as const;
const ADMIN = { user: 'root', role: 'admin' } as const;
/** What must not matter: every one of them would stop a standalone server, or send it elsewhere. */
const NONSENSE = {
  DATA_DIR: '/proc/nowhere',
  DATABASE_URL: 'postgres://nowhere',
  REDIS_URL: 'redis://nowhere.invalid',
  AUTH: 'nonsense',
  PORT: '-1',
  AGENT_CONCURRENCY: '0',
  MAX_OUTPUT_BYTES: '1',
  SANDBOX: 'nonsense',
};

async function contextWith(options: JobManagerOptions): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(JobManagerModule.forRoot(options), {
    logger: false,
    abortOnError: false,
  });
}

async function bytesOf(output: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function ended(manager: JobManager, jobId: string): Promise<string> {
  return eventually(async () => {
    const { state, finishedAt } = await manager.info(jobId);
    if (finishedAt === null) throw new Error(`it is ${state}`);
    return state;
  });
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'none',
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
}

describe("a host's JobManager", () => {
  let dataDir: string;
  let context: INestApplicationContext;
  let manager: JobManager;
  const before = { ...process.env };

  beforeEach(async () => {
    dataDir = await temporaryDirectory();
    Object.assign(process.env, NONSENSE);
    context = await contextWith({ dataDir, killGraceSeconds: 1, shutdownGraceSeconds: 1 });
    manager = context.get(JobManager);
  });
  it('says that jobs can be accepted', async () => {
    await expect(manager.checkReady()).resolves.toBeUndefined();
  });

  afterEach(async () => {
    process.env = { ...before };
    await context.close();
    await eventually(async () => {
      expect(await processesWith(dataDir)).toEqual([]);
    });
  });

  it('runs a job to its answer, lists, cancels and deletes, whatever the environment says', async () => {
    const { jobId } = await manager.run({
      command: 'printf answer',
      name: 'n',
      labels: { a: 'b=c' },
      ttl: 60,
    });
    expect(jobId).toMatch(UUID);
    expect(await ended(manager, jobId)).toBe('succeeded');
    expect(await manager.info(jobId.toUpperCase())).toMatchObject({ id: jobId, name: 'n', ttl: 60n });
    expect(await bytesOf(manager.output(jobId))).toBe('answer');
    const sleeping = await manager.run({ command: 'sleep 1000' });
    await manager.cancel(sleeping.jobId);
    expect(await manager.info(sleeping.jobId)).toMatchObject({ state: 'cancelled' });
    const filter = { labels: [{ key: 'a', value: 'b=c' }], createdAfter: 0, states: ['succeeded'] } as const;
    expect(await manager.list(filter)).toEqual({ ids: [jobId], nextPageToken: null });
    await manager.delete(jobId);
    expect(await codeOf(manager.info(jobId))).toBe('gone');
    expect((await manager.list()).ids).toEqual([sleeping.jobId]);
  });

  it('lets whoever asks in a tight loop see the end', async () => {
    const { jobId } = await manager.run({ command: 'true' });
    let asked = 0;
    while ((await manager.info(jobId)).finishedAt === null && asked < 100_000) asked += 1;
    expect(await manager.info(jobId)).toMatchObject({ state: 'succeeded' });
  });

  it('holds requests to what REST holds them to', async () => {
    const run = (request: object): Promise<string> => codeOf(manager.run(request as { command: string }));
    expect(await run({})).toBe('invalid_request');
    expect(await run({ command: 'x\0' })).toBe('invalid_request');
    expect(await run({ command: 'true', colour: 'red' })).toBe('invalid_request');
    expect(await run({ command: 'true', inputFiles: ['../x'] })).toBe('invalid_request');
    expect(await run({ command: 'true', inputFiles: [NOBODYS_ID] })).toBe('invalid_request');
    expect(await run({ command: 'true', limits: { colour: 1 } })).toBe('invalid_request');
    expect(await run({ command: 'true', ttl: -1 })).toBe('invalid_request');
    expect(await codeOf(manager.info('no-uuid'))).toBe('invalid_request');
    expect(await codeOf(manager.info(NOBODYS_ID))).toBe('not_found');
    expect(await codeOf(manager.cancel(NOBODYS_ID))).toBe('invalid_request');
    expect(await codeOf(manager.list({ limit: 0 }))).toBe('invalid_request');
    expect(await codeOf(manager.list({ createdAfter: Number.NaN }))).toBe('invalid_request');
    expect(await codeOf(manager.list({ labels: [{ key: '', value: '' }] }))).toBe('invalid_request');
  });

  it('lets callers do what REST lets them do', async () => {
    const { jobId } = await manager.run({ command: 'echo secret' }, ALICE);
    expect(await ended(manager, jobId)).toBe('succeeded');
    expect(await manager.info(jobId)).toMatchObject({ owner: 'alice' });
    expect(await codeOf(manager.info(jobId, BOB))).toBe('not_found');
    expect(await codeOf(bytesOf(manager.output(jobId, BOB)))).toBe('not_found');
    expect(await codeOf(manager.delete(jobId, BOB))).toBe('forbidden');
    expect(await codeOf(manager.list({ user: 'alice' }, BOB))).toBe('forbidden');
    expect(await manager.list({ user: 'alice' }, ADMIN)).toMatchObject({ ids: [jobId] });
    expect(await bytesOf(manager.output(jobId, ALICE))).toBe('secret\n');
  });

  it('starts one job for all requests under a key of one caller', async () => {
    const run = async (command: string, idempotencyKey: string, caller: Caller = ALICE): Promise<string> =>
      (await manager.run({ command }, caller, { idempotencyKey })).jobId;
    const ids = await Promise.all(Array.from({ length: 20 }, () => run('true', 'k')));
    expect(new Set(ids).size).toBe(1);
    expect((await manager.list({}, ALICE)).ids).toEqual([ids[0]]);
    expect(await run('true', 'k', BOB)).not.toBe(ids[0]);
    expect(await codeOf(run('false', 'k'))).toBe('invalid_request');
    expect(await codeOf(run('true', ''))).toBe('invalid_request');
  });

  it('gives what a job writes while it writes, and says where there is no answer', async () => {
    const { jobId } = await manager.run({ command: 'echo x; sleep 1000' });
    const output = manager.output(jobId);
    expect((await output.next()).value?.toString()).toBe('x\n');
    const rest = bytesOf(output);
    await manager.cancel(jobId);
    await expect(rest).rejects.toThrow(/cancelled/);
    await expect(bytesOf(manager.output(jobId))).rejects.toThrow(/cancelled/);
  });

  it('follows a job from any of its events on, to its end', async () => {
    const { jobId } = await manager.run({ command: 'printf one; printf two >&2; exit 3' });
    const events = await all(manager.follow(jobId));
    expect(events.map(({ kind }) => kind)).toEqual(['attempt', 'bytes', 'bytes', 'end']);
    const [, { cursor } = { cursor: undefined }] = events;
    const rest = await all(manager.follow(jobId, { from: cursor }));
    expect(rest).toEqual(events.slice(2));
    expect(rest.at(-1)).toMatchObject({ job: { id: jobId, state: 'failed', exitCode: 3 } });
  });

  it('stops following at once when the host does not care any more', async () => {
    const { jobId } = await manager.run({ command: 'sleep 1000' });
    const stop = new AbortController();
    const events = all(manager.follow(jobId, { signal: stop.signal }));
    await eventually(async () => {
      expect(await manager.info(jobId)).toMatchObject({ state: 'running' });
    });
    stop.abort();
    expect((await events).map(({ kind }) => kind)).not.toContain('end');
  });
});

@Module({})
class Around {}

@Module({})
class Host {}

/** A module for each job manager, which tells it apart by a name. */
function hostOf(
  ...guests: readonly { name: string; options: JobManagerOptions & { prefix: string } }[]
): DynamicModule {
  const imports = guests.map(({ name, options }) => ({
    module: Around,
    imports: [JobManagerModule.forRoot(options)],
    providers: [{ provide: name, useExisting: JobManager }],
    exports: [name],
  }));
  return { module: Host, imports };
}

describe('two job managers in one host', () => {
  it('share nothing', async () => {
    const [first, second] = await Promise.all([temporaryDirectory(), temporaryDirectory()]);
    const host = hostOf(
      { name: 'first', options: { prefix: 'a', dataDir: first } },
      { name: 'second', options: { prefix: 'b', dataDir: second } },
    );
    const context = await NestFactory.createApplicationContext(host, { logger: false, abortOnError: false });
    try {
      const [one, other] = [
        context.get<JobManager>('first', { strict: false }),
        context.get<JobManager>('second', { strict: false }),
      ];
      const { jobId } = await one.run({ command: 'true' });
      expect(await ended(one, jobId)).toBe('succeeded');
      expect(await codeOf(other.info(jobId))).toBe('not_found');
    } finally {
      await context.close();
    }
  });
});

describe("a host's options", () => {
  it.each([
    [{ colour: 'red' }, /colour/],
    [{ agentConcurrency: -1 }, /agentConcurrency/],
    [{ dataDir: {} }, /dataDir/],
  ])('%j are refused in words', async (options, words) => {
    await expect(contextWith(options as JobManagerOptions)).rejects.toThrow(words);
    await expect(contextWith(options as JobManagerOptions)).rejects.toThrow(ConfigError);
  });
});
