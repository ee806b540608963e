import { afterAll, beforeAll } from '@jest/globals';
import { JobClient } from './client.js';
import {
  fieldIn,
  ProcessUnderTest,
  START_WITHIN_MS,
  STOP_WITHIN_MS,
  type TestProcess,
} from './process-under-test.js';
import { type DatabaseKind } from './services.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A service of the test's own: the built `dist/main.js` in a process of its own. */
export interface TestServer extends TestProcess {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly client: JobClient;
}

export interface ServerOptions {
  /** Settings on top of `PORT=0`, `DATA_DIR` and short graces. */
  readonly env?: Readonly<Record<string, string>>;
  /** A temporary one of its own where absent. */
  readonly dataDir?: string;
  /** In a host backend on this framework, below `/api/job`; absent: the standalone server. */
  readonly host?: 'express' | 'fastify';
  /** A fresh one of this kind; absent: the default, SQLite in the data directory. */
  readonly database?: DatabaseKind;
  /** Path of another program than the built service. */
  readonly program?: string;
  /** What becomes Node with the service; absent: nothing. */
  readonly wrapper?: readonly string[];
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
export async function startServer(options: ServerOptions = {}): Promise<ServerUnderTest> {
  const server = new ServerUnderTest(
    options.dataDir ?? (await temporaryDirectory()),
    {
      PORT: '0',
      // A test that leaves a job running need not wait for it.
      SHUTDOWN_GRACE_SECONDS: '1',
      KILL_GRACE_SECONDS: '1',
      ...(options.database && { DATABASE_URL: (await options.database.create()).url }),
      ...options.env,
    },
    options,
  );
  await server.up();
  return server;
}

export class ServerUnderTest extends ProcessUnderTest implements TestServer {
  private readonly host: ServerOptions['host'];

  constructor(
    dataDir: string,
    env: Readonly<Record<string, string>>,
    { host, program = 'main.js', wrapper }: Pick<ServerOptions, 'host' | 'program' | 'wrapper'> = {},
  ) {
    super({
      name: 'server',
      script: host === undefined ? program : '../test/support/hosts/main.js',
      dataDir,
      env: { ...env, ...(host && { HOST_PLATFORM: host }) },
      wrapper,
      announcedIn: (line) => fieldIn(line, 'url'),
    });
    this.host = host;
  }

  get url(): string {
    return this.announced.replace(/\/$/, '');
  }

  get client(): JobClient {
    return new JobClient(this.host === undefined ? this.url : `${this.url}/api/job`);
  }
}
