import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { HttpJobReports } from '../../src/execution/reports/http-job-reports.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';

const TOKEN = 'the-very-secret';
const TIMEOUT_MS = 1_200;
const LEASE = { jobId: randomUUID(), attempt: 1, token: randomUUID() };

/** A server that answers as it is told. */
class Stub {
  asked = 0;
  readonly connections: Socket[] = [];
  answer: RequestListener = granting;
  private server: Server | undefined;
  private port = 0;

  async start(): Promise<this> {
    this.server = createServer((request, response) => {
      this.asked += 1;
      request.resume().once('end', () => {
        this.answer(request, response);
      });
    }).on('connection', (socket: Socket) => this.connections.push(socket));
    await once(this.server.listen(this.port, '127.0.0.1'), 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server?.listening !== true) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}

const replying =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
const granting = replying(200, '{"granted":true}');
const hanging: RequestListener = () => undefined;
const trickling: RequestListener = (_request, response) => {
  response.writeHead(200).write('{"granted":');
};
const cutting: RequestListener = (request) => {
  request.socket.destroy();
};

async function aStub(): Promise<Stub> {
  const stub = await new Stub().start();
  atEndOfFile(() => stub.stop());
  return stub;
}

let first: Stub;
let second: Stub;
let reports: HttpJobReports;
const started = (): Promise<boolean> => reports.started(LEASE);
const asked = (): number[] => [first.asked, second.asked];

function clientOf(...stubs: Stub[]): HttpJobReports {
  const made = new HttpJobReports({
    serverUrls: stubs.map(({ url }) => url),
    token: TOKEN,
    timeoutMs: TIMEOUT_MS,
  });
  atEndOfFile(() => {
    made.close();
  });
  return made;
}

beforeEach(async () => {
  [first, second] = [await aStub(), await aStub()];
  reports = clientOf(first, second);
});

describe('of two servers', () => {
  it('the first is asked while it answers', async () => {
    for (let call = 0; call < 3; call += 1) expect(await started()).toBe(true);
    expect(asked()).toEqual([3, 0]);
    expect(first.connections).toHaveLength(1);
  });

  it.each<[string, RequestListener]>([
    ['hangs', hanging],
    ['hangs in the middle', trickling],
    ['hangs up', cutting],
    ['answers 500', replying(500, '{"error":"Internal error"}')],
    ['answers 503', replying(503, '{"error":"The database is away."}')],
    ['answers 429', replying(429, '')],
    ['answers 413', replying(413, '<html>')],
    ['answers 404', replying(404, '{"error":"There is no such thing here."}')],
    ['answers 400 as a proxy does', replying(400, '<html>Bad Request')],
    ['redirects', replying(302, '', { location: '/login' })],
    ['answers HTML', replying(200, '<html>Welcome</html>')],
    ['answers 204', replying(204, '')],
    ['answers a list', replying(200, '[]')],
    ['answers something else', replying(200, '{"granted":"yes"}')],
  ])('the second is asked, and stays, where the first %s', async (_, answer) => {
    first.answer = answer;
    expect(await started()).toBe(true);
    expect(await started()).toBe(true);
    expect(asked()).toEqual([1, 2]);
  });

  it('the second is asked at once where the first is away, and the first again once it is back', async () => {
    await first.stop();
    const begun = performance.now();
    expect(await started()).toBe(true);
    expect(performance.now() - begun).toBeLessThan(TIMEOUT_MS / 2);
    await second.stop();
    await expect(started()).rejects.toMatchObject({ code: 'unavailable' });
    await first.start();
    expect(await started()).toBe(true);
    expect(asked()).toEqual([1, 1]);
  });

  it('each is asked once, and what is odd is told, where none answers', async () => {
    first.answer = replying(503, '{"error":"The database is away."}');
    second.answer = replying(200, `<html>${TOKEN}`);
    const failure: unknown = await started().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'unavailable',
      message:
        `No server takes the reports of this agent: ${first.url} answers 503: The database is away.; ` +
        `${second.url} answers what is no JSON object: is SERVER_URL right?.`,
    });
    expect(asked()).toEqual([1, 1]);
  });

  it('none but the first is asked where it refuses the agent, or the report', async () => {
    first.answer = replying(403, '<html>');
    await expect(started()).rejects.toMatchObject({ code: 'unauthenticated' });
    first.answer = replying(400, '{"error":"lease is wrong."}');
    await expect(started()).rejects.toThrow("The server can't use a report: lease is wrong.");
    expect(asked()).toEqual([2, 0]);
  });
});

describe('a kept connection', () => {
  const connectionsOf = ({ connections }: Stub): number => connections.length;

  it('that the server has closed costs nothing', async () => {
    await started();
    first.connections[0]?.destroy();
    await eventually(() => {
      expect(first.connections[0]?.closed).toBe(true);
    });
    expect(await started()).toBe(true);
    expect([asked(), connectionsOf(first)]).toEqual([[2, 0], 2]);
  });

  it('that breaks when it is used again is replaced, as are those that lie beside it', async () => {
    await Promise.all([started(), started(), started()]);
    const old = new Set(first.connections);
    first.answer = (request, response) => {
      if (old.has(request.socket)) cutting(request, response);
      else granting(request, response);
    };
    expect(await started()).toBe(true);
    expect(await started()).toBe(true);
    expect([asked(), connectionsOf(first)]).toEqual([[6, 0], 4]);
  });

  it('that is dead without a word costs a part of the time, and not the server', async () => {
    await started();
    const old = new Set(first.connections);
    first.answer = (request, response) => {
      if (!old.has(request.socket)) granting(request, response);
    };
    const begun = performance.now();
    expect(await started()).toBe(true);
    expect(performance.now() - begun).toBeLessThan(TIMEOUT_MS / 2);
    expect(asked()).toEqual([3, 0]);
  });
});

it('more than 32 MiB are not read', async () => {
  first.answer = replying(200, ' '.repeat(33_554_433));
  expect(await started()).toBe(true);
  expect(asked()).toEqual([1, 1]);
});

it('no report leaves where there is no server', () => {
  expect(() => clientOf()).toThrow('URL of a server');
});
