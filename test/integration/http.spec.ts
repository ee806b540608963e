import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Param, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { ANONYMOUS, type Caller } from '../../src/auth/auth.port.js';
import { JobReports } from '../../src/execution/job-reports.port.js';
import { HealthModule } from '../../src/health/health.module.js';
import { type ReadinessCheck } from '../../src/health/readiness-check.port.js';
import { AgentList } from '../../src/jobs/agents/agent-list.js';
import { jobApiControllers } from '../../src/jobs/api/job-api-controllers.js';
import { type JobFilter, type JobPage, type JobView, type RunRequest } from '../../src/jobs/job.types.js';
import { JOBS_OPTIONS } from '../../src/jobs/jobs.options.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { JobFollowing } from '../../src/jobs/output/job-following.js';
import { JobWaits } from '../../src/jobs/waiting/job-waits.js';
import { DomainError } from '../../src/kernel/errors.js';
import { useHttpServer } from '../support/http-server.js';
import { OPEN_DOORS } from '../support/open-doors.js';
import { exchange } from '../support/malformed/exchange.js';
import { curl, send } from '../support/raw-http.js';

const ID = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';

const JOB: JobView = {
  id: ID,
  state: 'succeeded',
  answerId: '01900000-0000-7000-8000-000000000001',
  stderrId: null,
  outputs: [{ path: 'a/b', fileId: '01900000-0000-7000-8000-000000000002', size: 3 }],
  name: null,
  labels: { a: 'b' },
  owner: 'anonymous',
  command: 'true',
  requires: [],
  ttl: 18_446_744_073_709_551_615n,
  exitCode: 0,
  signal: null,
  reason: null,
  limits: { cpuSeconds: 5, network: true },
  usage: { cpuSeconds: 0.5, peakMemoryBytes: null, writtenBytes: 3 },
  webhook: null,
  attempt: 1,
  agent: 'here',
  createdAt: 0,
  startedAt: 1,
  finishedAt: 2,
  expiresAt: 8_640_000_000_000_001,
};

/** Stands in for the life of a job, which has tests of its own: it notes what it is asked for. */
class NotingJobs implements Pick<JobsService, 'run' | 'info' | 'list' | 'cancel' | 'remove'> {
  readonly asked: unknown[] = [];

  run(request: RunRequest, caller: Caller): Promise<{ jobId: string }> {
    this.asked.push(['run', request, caller]);
    return Promise.resolve({ jobId: ID });
  }
  info(id: string): Promise<JobView> {
    return id === ID ? Promise.resolve(JOB) : Promise.reject(new Error('secret internals'));
  }
  list(filter: JobFilter): Promise<JobPage> {
    this.asked.push(['list', filter]);
    return Promise.resolve({ ids: [ID], nextPageToken: null });
  }
  cancel(id: string): Promise<void> {
    this.asked.push(['cancel', id]);
    return Promise.resolve();
  }
  remove(id: string): Promise<void> {
    this.asked.push(['remove', id]);
    return Promise.resolve();
  }
}

@Controller('odd')
class OddController {
  @Get('cut')
  cut(@Res() reply: FastifyReply): never {
    reply.raw.writeHead(200, { 'content-length': 100 });
    reply.raw.write('half');
    throw new Error('in the middle');
  }

  @Get('say/:word')
  say(@Param('word') word: string): { word: string } {
    return { word };
  }
}

const readiness = { isReady: true };
const CHECK = Symbol('check');
@Module({})
class Checks {}
const checks = {
  module: Checks,
  providers: [
    {
      provide: CHECK,
      useValue: {
        check: () =>
          readiness.isReady
            ? Promise.resolve()
            : Promise.reject(new DomainError('unavailable', 'Not now.', 7)),
      } satisfies ReadinessCheck,
    },
  ],
  exports: [CHECK],
};

const jobs = new NotingJobs();
const PROVIDERS = [
  ...OPEN_DOORS,
  { provide: JobsService, useValue: jobs },
  { provide: JobFollowing, useValue: {} },
  { provide: JobWaits, useValue: {} },
  { provide: AgentList, useValue: {} },
  { provide: JobReports, useValue: {} },
  { provide: JOBS_OPTIONS, useValue: {} },
];
const url = useHttpServer({
  imports: [HealthModule.forRoot({ checks: [CHECK], imports: [checks] })],
  controllers: [...jobApiControllers(), OddController],
  providers: PROVIDERS,
});

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${url()}${path}`, init);

async function errorOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const body = (await response.json()) as { error: string };
  expect(Object.keys(body)).toEqual(['error']);
  return body.error;
}

describe('the five endpoints', () => {
  it.each(['', '/api/job'])('answer below "%s"', async (prefix) => {
    const body = '{\n  "command": "uname -a | wc -l",\n}';
    expect(await curl('POST', `${url()}${prefix}/run`, body)).toMatchObject({
      status: 201,
      body: JSON.stringify({ job_id: ID }),
    });
    expect(jobs.asked.at(-1)).toEqual(['run', { command: 'uname -a | wc -l' }, ANONYMOUS]);
    const upper = `{"job_id": "${ID.toUpperCase()}",}`;
    for (const [method, path] of [
      ['POST', 'cancel'],
      ['DELETE', 'delete'],
      ['DELETE', 'cancel'],
    ] as const) {
      const answer = await curl(method, `${url()}${prefix}/${path}`, upper);
      expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ job_id: ID }) });
      expect(jobs.asked.at(-1)).toEqual([method === 'POST' ? 'cancel' : 'remove', ID]);
    }
    const list = { job_ids: [ID], next_page_token: null };
    expect(await (await get(`${prefix}/list_jobs?state=failed&limit=3`)).json()).toEqual(list);
    expect(jobs.asked.at(-1)).toEqual(['list', { states: ['failed'], limit: 3 }]);
    expect((await get(`${prefix}/job_info/${ID}`)).status).toBe(200);
    expect((await get(`${prefix}/job_info?job_id=${ID}`)).status).toBe(200);
  });

  it('list at /api/list_jobs, too', async () => {
    expect((await get('/api/list_jobs')).status).toBe(200);
  });

  it('tell all of a job in the words of the contract', async () => {
    expect(await (await get(`/job_info/${ID.toUpperCase()}`)).json()).toEqual({
      state: 'succeeded',
      answer_id: JOB.answerId,
      job_id: ID,
      name: null,
      labels: { a: 'b' },
      owner: 'anonymous',
      command: 'true',
      requires: [],
      ttl: '18446744073709551615',
      exit_code: 0,
      signal: null,
      reason: null,
      limits: { cpu_seconds: 5, network: true },
      usage: { cpu_seconds: 0.5, peak_memory_bytes: null, written_bytes: 3 },
      webhook: null,
      stderr_id: null,
      outputs: [{ path: 'a/b', file_id: '01900000-0000-7000-8000-000000000002', size: 3 }],
      attempt: 1,
      agent: 'here',
      created_at: '1970-01-01T00:00:00.000Z',
      started_at: '1970-01-01T00:00:00.001Z',
      finished_at: '1970-01-01T00:00:00.002Z',
      expires_at: null,
    });
  });

  it('delete by the query string, and not where the body says otherwise', async () => {
    expect((await get(`/delete?job_id=${ID}`, { method: 'DELETE' })).status).toBe(200);
    const other = { method: 'DELETE', body: '{"job_id":"01900000-0000-7000-8000-000000000001"}' };
    expect(await errorOf(await get(`/delete?job_id=${ID}`, other))).toContain('differs');
  });
});

describe('the server', () => {
  it('answers HEAD as GET, without the body', async () => {
    const response = await get(`/job_info/${ID}`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
    expect((await get('/nowhere', { method: 'HEAD' })).status).toBe(404);
  });

  it.each(['/nowhere', '/run/x', '/api', '/api/job', '/RUN', '/job_info/a/b'])(
    'has nothing at %s',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(await errorOf(response)).toContain(path);
    },
  );

  it('names the methods of a path that it knows', async () => {
    const response = await get('/cancel', { method: 'PATCH', body: '{' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'DELETE, POST, OPTIONS']);
    expect(await errorOf(response)).toBe('PATCH is not possible here, only DELETE, POST.');
    const options = await get(`/job_info/${ID}`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('keeps a fault of its own to itself', async () => {
    const response = await get('/job_info/01900000-0000-7000-8000-000000000001');
    expect([response.status, await errorOf(response)]).toEqual([500, 'Internal error']);
  });

  it('breaks the connection where an answer fails in the middle', async () => {
    await expect(get('/odd/cut').then((response) => response.text())).rejects.toThrow();
  });

  it('says that a body is too large, also where no length was told', async () => {
    const told = await get('/run', { method: 'POST', body: ' '.repeat(3_000_000) });
    expect([told.status, await errorOf(told)]).toEqual([413, 'The body is larger than 10000 bytes.']);
    const untold = await send(
      `${url()}/run`,
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      ' '.repeat(10_001),
    );
    expect(untold.status).toBe(413);
    const fits = await send(`${url()}/run`, { method: 'POST' }, '{"command":"true"}'.padEnd(10_000));
    expect(fits.status).toBe(201);
  });

  it('gives each request an id, the caller own if it is sane', async () => {
    const idOf = async (id: string): Promise<string | null> =>
      (await get('/health/live', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await idOf('abc-1:2.3')).toBe('abc-1:2.3');
    expect(await idOf('a b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
    expect((await get('/nowhere')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await get('/%ff')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('does not say what it is made of', async () => {
    const { headers } = await get('/health/live');
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
  });

  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET /odd/say/hi HTTP/1.0\r\n\r\n', 200],
    ['FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['GET / HTTP/3.0\r\nHost: x\r\n\r\n', 400],
    ['CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['POST /run HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n{}', 417],
    ['POST /run HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{}', 400],
    ['POST /run HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 200],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [`GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 404],
    [
      'POST /run HTTP/1.1\r\nHost: x\r\nContent-Type: ;;\r\nContent-Length: 18\r\n\r\n{"command":"true"}',
      201,
    ],
  ])('answers %j with %i', async (request, status) => {
    const answer = await exchange(url(), Buffer.from(request));
    expect(answer?.status).toBe(status);
    if (status >= 400) expect(answer?.body).toMatch(/^\{"error":"[^}]+"\}$/);
  });
});

describe('health', () => {
  it('is of the process, and of what jobs need', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'ok' });
    expect((await get('/health/ready')).status).toBe(200);
    readiness.isReady = false;
    const response = await get('/health/ready');
    expect([response.status, response.headers.get('retry-after'), await errorOf(response)]).toEqual([
      503,
      '7',
      'Not now.',
    ]);
    expect((await get('/health/live')).status).toBe(200);
    readiness.isReady = true;
    expect((await get('/health/ready')).status).toBe(200);
  });
});

describe('below a prefix', () => {
  const prefixed = useHttpServer({
    controllers: jobApiControllers('jobs'),
    providers: PROVIDERS,
  });

  it('and only there, a host has the routes', async () => {
    const body = { method: 'POST', body: '{"command":"true"}' };
    const statuses = ['/jobs/run', '/run', '/api/job/run'].map(
      async (path) => (await fetch(prefixed() + path, body)).status,
    );
    expect(await Promise.all(statuses)).toEqual([201, 404, 404]);
    expect((await fetch(`${prefixed()}/api/list_jobs`)).status).toBe(404);
    expect((await fetch(`${prefixed()}/jobs/list_jobs`)).status).toBe(200);
  });
});
