import { type AgentUnderTest, startAgent } from './agent.js';
import { type JobClient } from './client.js';
import { freePort } from './run/free-port.js';
import { type ServerUnderTest, startServer } from './server.js';
import { createRedisSpace, type DatabaseKind, type RedisSpace } from './services.js';

export interface SmallFleetOptions {
  readonly database: DatabaseKind;
  /** Settings of servers and agents alike. */
  readonly env?: Readonly<Record<string, string>>;
  /** A Redis of the test's own; absent: a part of the one that all share. */
  readonly redis?: RedisSpace;
}

/**
 * A data manager, two servers, and as many agents as a test starts: in processes of their own, on shared services. Each
 * keeps its port over a restart.
 */
export class SmallFleet {
  readonly agents: AgentUnderTest[] = [];

  private constructor(
    readonly files: ServerUnderTest,
    readonly servers: readonly [ServerUnderTest, ServerUnderTest],
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  static async start({ database, env = {}, redis }: SmallFleetOptions): Promise<SmallFleet> {
    const space = redis ?? (await createRedisSpace());
    const files = await startServer({ env: { AGENT_CONCURRENCY: '0', PORT: String(await freePort()) } });
    const shared = {
      REDIS_URL: space.url,
      REDIS_PREFIX: space.prefix,
      DATA_MANAGER_URL: files.url,
      ...env,
    };
    const server = {
      ...shared,
      AGENT_CONCURRENCY: '0',
      DATABASE_URL: (await database.create()).url,
    };
    const [one, two] = [String(await freePort()), String(await freePort())];
    const servers = await Promise.all([
      startServer({ env: { ...server, PORT: one } }),
      startServer({ env: { ...server, PORT: two } }),
    ]);
    return new SmallFleet(files, servers, shared);
  }

  get one(): JobClient {
    return this.servers[0].client;
  }

  get two(): JobClient {
    return this.servers[1].client;
  }

  /** An agent that is up; it asks the first server first. */
  async agent(env: Readonly<Record<string, string>> = {}): Promise<AgentUnderTest> {
    const urls = this.servers.map(({ url }) => url).join(',');
    const agent = await startAgent({
      env: { ...this.env, SERVER_URL: urls, AGENT_CONCURRENCY: '2', ...env },
    });
    this.agents.push(agent);
    return agent;
  }

  /** What a job printed, from the data manager. */
  async answer(answerId: string | null): Promise<string> {
    return (await this.files.client.download(String(answerId))).toString();
  }

  /** Stops all; each fails that leaves a process. */
  async end(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.end()));
    await Promise.all(this.servers.map((server) => server.end()));
    await this.files.end();
  }
}
