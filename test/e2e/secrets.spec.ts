import { expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type LauncherInForce } from '../../src/execution/runner/launcher.js';
import { faultOf } from '../contract/launcher.support.js';
import { JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { secretsOf } from '../support/secrets.js';
import { ServerUnderTest, startServer } from '../support/server.js';
import {
  createDatabase,
  createRedisSpace,
  describeIf,
  describeWithMysql,
  describeWithRedis,
} from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

/** Without a PID namespace of its own a command sees all processes of its user: docs/sandbox.md says so. */
const KINDS = (['none', 'bubblewrap'] as const).flatMap((sandbox) =>
  (['native', 'node-perl'] as const).map((program): LauncherInForce => ({
    program,
    containment: 'pid-namespace',
    sandbox,
  })),
);
/** All that a command can get hold of, of whatever process. */
const SPY =
  'env; cat /proc/self/environ /proc/*/environ /proc/*/task/*/environ /proc/*/cmdline /proc/*/maps; echo end';

const made = (): string => randomBytes(16).toString('hex');

async function jobSees(kind: LauncherInForce): Promise<void> {
  const users = keyHolders({ alice: 'user' });
  const [{ url: DATABASE_URL }, redis] = [await createDatabase(), await createRedisSpace()];
  const env = {
    ...users.env,
    ...{ DATABASE_URL, REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix },
    ...{
      AGENT_TOKEN: made(),
      DATA_MANAGER_TOKEN: made(),
      LAUNCHER: kind.program === 'native' ? 'native' : 'node',
      SANDBOX: kind.sandbox,
    },
  };
  const server = await startServer({ env });
  const alice = new JobClient(server.url, users.as('alice'));
  const ids = await alice.waitForState(await alice.run(SPY), ['succeeded']);
  const files = [ids.answer_id, ids.stderr_id].filter((id) => id !== null);
  const seen = Buffer.concat(await Promise.all(files.map((id) => alice.download(id)))).toString('latin1');
  expect(seen).toMatch(/JOB_ID=[^]*\nend\n/);
  const secrets = [...secretsOf(env), ...users.secrets];
  expect(secrets).toHaveLength(6);
  expect(secrets.filter((secret) => seen.includes(secret))).toEqual([]);
  expect(secrets.filter((secret) => server.logs().includes(secret))).toEqual([]);
  expect(server.logs()).toContain('"databaseUrl":"mysql://***@');
}

describeWithMysql('the secrets of a server', () => {
  it('are not in what it says as it can not log in to its database', async () => {
    const url = new URL((await createDatabase()).url);
    url.password = made();
    const env = { PORT: '0', LOG_LEVEL: 'trace', DATABASE_URL: url.href };
    const server = new ServerUnderTest(await temporaryDirectory(), env);
    await expect(server.up()).rejects.toThrow('Access denied');
    expect(server.logs()).not.toContain(url.password);
  });

  describeWithRedis('and its queue', () => {
    it('are not in what it says as it can not log in there, nor in what it answers meanwhile', async () => {
      const redis = await createRedisSpace();
      const url = new URL(redis.url);
      url.password = made();
      const { url: DATABASE_URL } = await createDatabase();
      const env = { LOG_LEVEL: 'trace', DATABASE_URL, REDIS_URL: url.href, REDIS_PREFIX: redis.prefix };
      const server = await startServer({ env });
      await eventually(() => {
        expect(server.logs()).toContain('WRONGPASS');
      });
      const jobId = await server.client.run('true');
      await server.client.info(jobId);
      await server.client.call('GET', '/agents');
      await server.client.call('GET', '/health/ready');
      expect(server.logs()).not.toContain(url.password);
    });
  });
});

const lacking = new Map<LauncherInForce, string | null>();
for (const kind of KINDS) lacking.set(kind, await faultOf(kind));

describeWithMysql('what a job can read of environments', () => {
  describeWithRedis('of its server, and of others', () => {
    for (const [kind, fault] of lacking) {
      describeIf(fault === null, {
        name: `${kind.program} launcher, sandbox: ${kind.sandbox}`,
        lacking: fault ?? '',
        suite: () => {
          it('holds no secret', () => jobSees(kind));
        },
      });
    }
  });
});
