import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { Agent, type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { type JobEnd, JobManager, JobManagerModule } from '../../src/index.js';
import { AwaitedJobs } from '../../src/jobs/waiting/awaited-jobs.js';
import { eventually } from '../support/eventually.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MANY = 1_000;
const PIPELINED = 20;

// Less than the waits of 60 s: whoever is answered only when those are over was not told.
jest.setTimeout(30_000);

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
])('a server on %s with callers who wait', (_name, adapter) => {
  let app: INestApplication;
  let manager: JobManager;
  let awaited: AwaitedJobs;
  let url: string;

  beforeEach(async () => {
    const dataDir = await temporaryDirectory();
    const module = JobManagerModule.forRoot({
      ...{ dataDir, prefix: 'jobs', agentConcurrency: 2 },
      ...{ killGraceSeconds: 1, shutdownGraceSeconds: 1 },
    });
    app = await NestFactory.create(module, adapter(), { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    manager = app.get(JobManager, { strict: false });
    awaited = app.get(AwaitedJobs, { strict: false });
  });
  afterEach(() => app.close());

  const sleeping = async (): Promise<string> =>
    (await manager.run({ command: `sleep ${uniqueSleep()}` })).jobId;
  const ask = (jobId: string, agent?: Agent): ClientRequest =>
    request(`${url}/jobs/job_info/${jobId}?wait=60`, { ...(agent && { agent }) }).end();
  const awaitedAre = (ids: readonly string[]): Promise<void> =>
    eventually(() => {
      expect(awaited.ids().sort()).toEqual([...ids].sort());
    });

  it('holds nothing when they have gone', async () => {
    const ids = [await sleeping(), await sleeping()];
    const asked = ids.map((jobId) => ask(jobId));
    asked.forEach((one) => one.on('error', () => undefined));
    const started = request(`${url}/jobs/run`, { method: 'POST', headers: { prefer: 'wait=60' } });
    started.on('error', () => undefined).end(`{"command": "sleep ${uniqueSleep()}"}`);
    await eventually(() => {
      expect(awaited.ids()).toHaveLength(3);
    });
    [...asked, started].forEach((one) => one.destroy());
    await awaitedAre([]);
  });

  it('holds nothing of many on one connection, which it tells nobody about', async () => {
    const warnings: string[] = [];
    const note = ({ message }: Error): number => warnings.push(message);
    process.on('warning', note);
    const jobId = await sleeping();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET /jobs/job_info/${jobId}?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(PIPELINED));
    await awaitedAre([jobId]);
    socket.destroy();
    await awaitedAre([]);
    expect(warnings).toEqual([]);
    process.off('warning', note);
  });

  it('answers a thousand of them, and remembers none', async () => {
    const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
    const jobId = await sleeping();
    const warmUp = ask(jobId, agent);
    await awaitedAre([jobId]);
    const asked = Array.from({ length: MANY }, () => ask(jobId, agent));
    const states = Promise.all([warmUp, ...asked].map(stateIn));
    await eventually(() => {
      expect(awaited.countOf(jobId)).toBe(MANY + 1);
    });
    await manager.cancel(jobId);
    expect(new Set(await states)).toEqual(new Set(['cancelled']));
    expect(awaited.ids()).toEqual([]);
  });

  it('answers them when it stops, before jobs are let end', async () => {
    const jobId = await sleeping();
    await eventually(async () => {
      expect((await manager.info(jobId)).state).toBe('running');
    });
    const state = stateIn(ask(jobId));
    const host = manager.waitFor(jobId);
    await awaitedAre([jobId]);
    const closed = app.close();
    expect(await state).toBe('running');
    await expect(host).rejects.toMatchObject({ code: 'unavailable' });
    await closed;
  });

  it('lets the host wait, give up, and hear of ends', async () => {
    const heard: JobEnd[] = [];
    const stop = manager.onEnd((end) => {
      heard.push(end);
    });
    manager.onEnd(() => {
      throw new Error('a listener of a careless host');
    });
    const { jobId } = await manager.run({ command: 'printf answer' });
    expect(await manager.waitFor(jobId.toUpperCase())).toMatchObject({ id: jobId, state: 'succeeded' });
    const other = await sleeping();
    expect(await manager.waitFor(other, { timeoutMs: 50 })).toMatchObject({ id: other, finishedAt: null });
    const hurry = new AbortController();
    const given = manager.waitFor(other, { signal: hurry.signal });
    await awaitedAre([other]);
    hurry.abort(new Error('no time'));
    await expect(given).rejects.toThrow('no time');
    await expect(manager.waitFor(other, { signal: hurry.signal })).rejects.toThrow('no time');
    await expect(manager.waitFor(other, { timeoutMs: Number.NaN })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(manager.waitFor(other, {}, { user: 'bob', role: 'user' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await manager.delete(other);
    await eventually(() => {
      expect(heard).toEqual([
        { jobId, state: 'succeeded' },
        { jobId: other, state: 'deleted' },
      ]);
    });
    stop();
    await manager.delete(jobId);
    expect(heard).toHaveLength(2);
    expect(awaited.ids()).toEqual([]);
  });
});

async function stateIn(asked: ClientRequest): Promise<string> {
  const [response] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return (JSON.parse(Buffer.concat(chunks).toString()) as { state: string }).state;
}
