import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the service until it ends by itself. */
async function ending(env: Record<string, string>): Promise<Ending> {
  const cwd = await temporaryDirectory();
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    env: { PATH: process.env.PATH, DATA_DIR: cwd, ...env },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

describe('a start that fails', () => {
  it('tells all faults of the settings, no more, and ends with 1', async () => {
    const { code, stdout, stderr } = await ending({
      PORT: 'x',
      LOG_LEVEL: 'loud',
      WEBHOOK_SECRET: 'hunter2-is-mine',
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toEqual([
      "The settings can't be used:",
      '  - PORT is "x"; it must be a whole number from 0 to 65535.',
      '  - LOG_LEVEL is "loud"; it must be one of silent, fatal, error, warn, info, debug, trace.',
      '  - WEBHOOK_SECRET is "***"; it must be whsec_ and base64.',
    ]);
  });

  it('says in one line that the port is taken, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, stderr } = await ending({ PORT: String(port) });
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^The server can't start at 127\\.0\\.0\\.1:${port}: .*EADDRINUSE.*\n$`),
    );
  });

  it.each(['/dev/null/x', '/dev/null', '/proc/x/y'])(
    'says in one line that %s can be no directory, and ends with 1',
    async (path) => {
      const { code, stderr } = await ending({ DATA_DIR: path });
      expect(code).toBe(1);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
  );

  it('waits for its database, saying so without the password, and stops at once when told to', async () => {
    const cwd = await temporaryDirectory();
    const database = { DATABASE_URL: 'mysql://u:hunter2@127.0.0.1:1/d' };
    const env = { PATH: process.env.PATH, DATA_DIR: cwd, PORT: '0', ...database };
    const child = spawn(process.execPath, [MAIN], { cwd, env });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await eventually(() => {
      expect(stdout).toContain('ECONNREFUSED');
    });
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
    expect(stdout).not.toContain('hunter2');
  });
});

describe('a running server', () => {
  it('logs one line per request, and no secret of it', async () => {
    const server = await startServer({ env: { AGENT_CONCURRENCY: '0' } });
    await fetch(`${server.url}/run?key=hunter2`, {
      method: 'POST',
      headers: { authorization: 'Bearer hunter2', cookie: 'hunter2', 'x-request-id': 'request-1' },
      body: '{"command":"echo hunter2"}',
    });
    await fetch(`${server.url}/health/live`);
    const line = await eventually(() => {
      const lines = server
        .logs()
        .split('\n')
        .filter((each) => each.includes('"path"'));
      expect(lines).toHaveLength(1);
      return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    });
    expect(line).toMatchObject({ requestId: 'request-1', method: 'POST', path: '/run', status: 201 });
    expect(line.milliseconds).toEqual(expect.any(Number));
    expect(server.logs()).not.toContain('hunter2');
    await server.stop();
  });

  it('says nothing where it shall be silent, and stops all the same', async () => {
    const port = await freePort();
    const cwd = await temporaryDirectory();
    const env = { PATH: process.env.PATH, DATA_DIR: cwd, PORT: String(port), LOG_LEVEL: 'silent' };
    const child = spawn(process.execPath, [MAIN], { cwd, env });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    await eventually(async () => {
      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    });
    child.kill('SIGINT');
    await once(child, 'close');
    expect([child.exitCode, await output]).toEqual([0, ['', '']]);
  });

  it('stops although nobody reads its log any more', async () => {
    const cwd = await temporaryDirectory();
    const env = { PATH: process.env.PATH, DATA_DIR: cwd, PORT: '0' };
    const child = spawn(process.execPath, [MAIN], { cwd, env });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await eventually(() => {
      expect(stdout).toContain('"url"');
    });
    child.stdout.destroy();
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('does not wait for ever on a caller who leaves an answer unread', async () => {
    const server = await startServer({ env: { AGENT_CONCURRENCY: '0' } });
    const { status, body } = await fetch(`${server.url}/docs/swagger-ui-bundle.js`);
    expect(status).toBe(200);
    await server.stop();
    await body?.cancel().catch(() => undefined);
  });

  it('ends at once at a second signal', async () => {
    const server = await startServer({ env: { AGENT_CONCURRENCY: '1', SHUTDOWN_GRACE_SECONDS: '600' } });
    await fetch(`${server.url}/run`, { method: 'POST', body: '{"command":"sleep 500"}' });
    await eventually(async () => {
      const { job_ids } = (await (await fetch(`${server.url}/list_jobs?state=running`)).json()) as {
        job_ids: string[];
      };
      expect(job_ids).toHaveLength(1);
    });
    process.kill(server.pid, 'SIGTERM');
    await eventually(() => {
      expect(server.logs()).toContain('"stopping"');
    });
    process.kill(server.pid, 'SIGTERM');
    await eventually(() => {
      expect(() => process.kill(server.pid, 0)).toThrow();
    });
    await server.end();
  });
});

describe('the documentation', () => {
  it('is served with its assets, and is complete', async () => {
    const server = await startServer({ env: { AGENT_CONCURRENCY: '0' } });
    for (const path of [
      '/docs',
      '/docs/',
      '/docs/swagger-ui.css',
      '/docs/swagger-ui-bundle.js',
      '/docs/swagger-ui-init.js',
    ]) {
      const response = await fetch(server.url + path);
      expect([path, response.status, (await response.text()) !== '']).toEqual([path, 200, true]);
    }
    const lost = await fetch(`${server.url}/docs/nowhere.js`);
    expect([lost.status, Object.keys((await lost.json()) as object)]).toEqual([404, ['error']]);
    const { openapi, paths } = (await (await fetch(`${server.url}/docs-json`)).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    expect(openapi).toBe('3.1.0');
    const codes = Object.fromEntries(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, { responses }]) => [
          `${method} ${path}`,
          Object.keys(responses).join(' '),
        ]),
      ),
    );
    expect(codes).toMatchObject({
      'post /run': '201 400 401 408 413 429 500 503',
      'get /job_info/{job_id}': '200 400 401 404 410 429 500 503',
      'get /list_jobs': '200 400 401 403 429 500 503',
      'post /cancel': '200 400 401 403 408 413 429 500 503',
      'delete /delete': '200 400 401 403 408 413 429 500 503',
      'get /health/live': '200 400',
      'get /health/ready': '200 400 503',
    });
    expect(Object.keys(codes).filter((call) => call.includes('/api/'))).toEqual([]);
    await server.stop();
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
