import { createConnection } from 'mysql2/promise';
import { AgentUnderTest } from '../../support/agent.js';
import { type ProcessUnderTest } from '../../support/process-under-test.js';
import { TcpProxy } from '../../support/proxy.js';
import { freePort } from '../../support/run/free-port.js';
import { type MariaDb } from '../../support/run/mariadb.js';
import { type RedisServer } from '../../support/run/redis.js';
import { ServerUnderTest } from '../../support/server.js';
import { redisSpace, type RedisSpace, startMariaDb, startRedis } from '../../support/services.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

export const LEASE_SECONDS = 3;
export const KILL_GRACE_SECONDS = 1;
const SERVERS = 2;
/** What the agents can do that others can't. */
export const AGENT_LABELS = [['gpu'], ['gpu', 'big'], []] as const;
export const LABELS = ['gpu', 'big'];

export interface FleetOptions {
  /** Jobs at once, of each agent. */
  readonly agentConcurrency: number;
}

/** All that makes up a deployment, with a wire to break between any two that may be on different machines. */
export class Fleet {
  /** By name: `server-1`, …, `agent-1`, …, `data-manager`. */
  readonly processes = new Map<string, ProcessUnderTest>();
  /** By name: `agent-1 to server-2`. */
  readonly wires = new Map<string, TcpProxy>();
  readonly servers: ServerUnderTest[] = [];
  readonly agents: AgentUnderTest[] = [];

  private constructor(
    readonly mariadb: MariaDb,
    readonly redis: RedisServer,
    readonly dataManager: ServerUnderTest,
    readonly redisSpace: RedisSpace,
  ) {
    this.processes.set('data-manager', dataManager);
  }

  static async start(options: FleetOptions): Promise<Fleet> {
    const [mariadb, redis] = await Promise.all([startMariaDb(), startRedis()]);
    const connection = await createConnection(mariadb.url);
    await connection.query('CREATE DATABASE jobs');
    await connection.end();
    const dataManager = await newServer();
    await dataManager.up();
    const fleet = new Fleet(mariadb, redis, dataManager, redisSpace(redis.url, 'chaos'));
    for (let number = 1; number <= SERVERS; number += 1) await fleet.addServer(`server-${number}`);
    await Promise.all(fleet.servers.map((server) => server.up()));
    for (const [offset, labels] of AGENT_LABELS.entries()) {
      await fleet.addAgent(`agent-${offset + 1}`, labels, options);
    }
    await Promise.all(fleet.agents.map((agent) => agent.up()));
    return fleet;
  }

  get all(): ProcessUnderTest[] {
    return [...this.processes.values()];
  }

  /** Names of the agents that have a label, as the service calls them. */
  namesOfAgentsWith(label: string): string[] {
    return this.agents.filter((_, offset) => labelsOf(offset).includes(label)).map(({ name }) => name);
  }

  /** Those that run jobs before those that take their reports, before those that keep their answers. */
  async stop(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.dataManager.stop();
  }

  private async addServer(name: string): Promise<void> {
    const server = await newServer({
      DATABASE_URL: await this.wire(name, 'mariadb', `${this.mariadb.url}/jobs`),
      REDIS_URL: await this.wire(name, 'redis', this.redis.url),
      REDIS_PREFIX: this.redisSpace.prefix,
      DATA_MANAGER_URL: await this.wire(name, 'data-manager', this.dataManager.url),
      AGENT_LOST_SECONDS: String(LEASE_SECONDS),
    });
    this.servers.push(server);
    this.processes.set(name, server);
  }

  private async addAgent(
    name: string,
    labels: readonly string[],
    { agentConcurrency }: FleetOptions,
  ): Promise<void> {
    const urls: string[] = [];
    for (const [offset, { url }] of this.servers.entries()) {
      urls.push(await this.wire(name, `server-${offset + 1}`, url));
    }
    const agent = new AgentUnderTest(await temporaryDirectory(), {
      SERVER_URL: urls.join(','),
      REDIS_URL: await this.wire(name, 'redis', this.redis.url),
      REDIS_PREFIX: this.redisSpace.prefix,
      DATA_MANAGER_URL: await this.wire(name, 'data-manager', this.dataManager.url),
      AGENT_CONCURRENCY: String(agentConcurrency),
      AGENT_LABELS: labels.join(','),
      KILL_GRACE_SECONDS: String(KILL_GRACE_SECONDS),
      SHUTDOWN_GRACE_SECONDS: '1',
    });
    this.agents.push(agent);
    this.processes.set(name, agent);
  }

  private async wire(from: string, to: string, target: string): Promise<string> {
    const { proxy, url } = await TcpProxy.beforeUrl(target);
    this.wires.set(`${from} to ${to}`, proxy);
    return url;
  }
}

function labelsOf(offset: number): readonly string[] {
  return AGENT_LABELS[offset] ?? [];
}

/** On a port that it keeps over restarts. */
async function newServer(env: Readonly<Record<string, string>> = {}): Promise<ServerUnderTest> {
  return new ServerUnderTest(await temporaryDirectory(), {
    PORT: String(await freePort()),
    AGENT_CONCURRENCY: '0',
    SHUTDOWN_GRACE_SECONDS: '1',
    KILL_GRACE_SECONDS: String(KILL_GRACE_SECONDS),
    ...env,
  });
}
