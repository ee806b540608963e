import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { JobClient } from './client.js';
import { atEndOfFile } from './end-of-file.js';
import { eventually } from './eventually.js';
import { processesWith } from './processes.js';
import { type DatabaseKind } from './services.js';
import { temporaryDirectory } from './temporary-directory.js';

const ROOT = join(import.meta.dirname, '..', '..');
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 30_000;

/** A service of the test's own: the built `dist/main.js` in a process of its own. */
export interface TestServer {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  readonly client: JobClient;
  /** All that it printed. */
  logs(): string;
  /** SIGTERM; resolves once it has ended. Fails unless it exits with 0. */
  stop(): Promise<void>;
  /** SIGKILL; resolves once it is dead. What it had started may still be ending. */
  kill(): Promise<void>;
  /** Stops it if need be, and fails if anything that it started is alive. */
  end(): Promise<void>;
}

export interface ServerOptions {
  /** Settings on top of `PORT=0`, `DATA_DIR` and short graces. */
  readonly env?: Readonly<Record<string, string>>;
  /** A temporary one of its own where absent. */
  readonly dataDir?: string;
  /** A fresh one of this kind; absent: the default, SQLite in the data directory. */
  readonly database?: DatabaseKind;
}

/** One server for all tests of the surrounding `describe`, which fails if the server leaves a process. */
export function useServer(options: () => ServerOptions | Promise<ServerOptions>): () => TestServer {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startServer(await options());
  }, 2 * START_WITHIN_MS);
  afterAll(() => server?.end(), 2 * STOP_WITHIN_MS);
  return () => {
    if (!server) throw new Error('the server runs during tests only');
    return server;
  };
}

/**
 * Starts the service and waits until it names its address. It is stopped at the end of the test file if not
 * before; the file then fails if a process of it is left.
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await temporaryDirectory());
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
    // Not the project's directory: a developer's .env is none of a test's business.
    cwd: dataDir,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATA_DIR: dataDir,
      // A test that leaves a job running need not wait for it.
      SHUTDOWN_GRACE_SECONDS: '1',
      KILL_GRACE_SECONDS: '1',
      ...(options.database && { DATABASE_URL: (await options.database.create()).url }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const server = new ServerProcess(child, { dataDir, lines });
  atEndOfFile(() => server.end());
  await server.listening();
  return server;
}

class ServerProcess implements TestServer {
  url = '';
  client!: JobClient;
  readonly pid: number;
  readonly dataDir: string;
  private readonly lines: readonly string[];
  private readonly exited: Promise<unknown>;

  constructor(
    private readonly child: ChildProcess,
    { dataDir, lines }: { dataDir: string; lines: readonly string[] },
  ) {
    this.pid = child.pid ?? 0;
    this.dataDir = dataDir;
    this.lines = lines;
    this.exited = once(child, 'close');
  }

  async listening(): Promise<void> {
    const deadline = performance.now() + START_WITHIN_MS;
    while (!(this.url = this.lines.map(urlIn).find(Boolean) ?? '')) {
      if (!this.alive()) throw new Error(`the server ended at its start:\n${this.logs()}`);
      if (performance.now() > deadline) throw new Error(`the server names no url:\n${this.logs()}`);
      await delay(10);
    }
    this.client = new JobClient(this.url);
  }

  logs(): string {
    return this.lines.join('\n');
  }

  async stop(): Promise<void> {
    await this.signal('SIGTERM');
    if (this.child.exitCode !== 0) {
      throw new Error(`the server ended with ${this.ending()}, not with 0:\n${this.logs()}`);
    }
  }

  async kill(): Promise<void> {
    await this.signal('SIGKILL');
  }

  async end(): Promise<void> {
    if (this.alive()) await this.stop();
    await eventually(async () => {
      expect(await processesWith(this.dataDir)).toEqual([]);
    });
  }

  private alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  private ending(): string {
    return String(this.child.exitCode ?? this.child.signalCode);
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    const expired = delay(STOP_WITHIN_MS, 'expired', { ref: false });
    if ((await Promise.race([this.exited, expired])) !== 'expired') return;
    this.child.kill('SIGKILL');
    await this.exited;
    throw new Error(`the server outlived ${signal} by ${STOP_WITHIN_MS} ms:\n${this.logs()}`);
  }
}

/** The address in a line of the log, where it is JSON with a `url`. */
function urlIn(line: string): string | undefined {
  try {
    const { url } = JSON.parse(line) as { url?: unknown };
    return typeof url === 'string' ? url.replace(/\/$/, '') : undefined;
  } catch {
    return undefined;
  }
}
