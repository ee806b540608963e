import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectError } from '../support/answers.js';
import { JobClient, type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { SmallFleet } from '../support/fleet.js';
import { type TestServer, useServer } from '../support/server.js';
import {
  createDatabase,
  createRedisSpace,
  describeOnDatabases,
  describeWithMysql,
  describeWithRedis,
} from '../support/services.js';
import { keyHolders } from '../support/users.js';

const users = keyHolders({ anna: 'user', ben: 'user', cleo: 'user' });
const ofAgents = { AGENT_TOKEN: randomBytes(16).toString('hex') };
const AT_ONCE = 50;

function clientOf(server: TestServer, user: string): JobClient {
  return new JobClient(server.url, users.as(user));
}

async function runMany(client: JobClient, count: number, command: string): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const some = Math.min(AT_ONCE, count - ids.length);
    ids.push(...(await Promise.all(Array.from({ length: some }, () => client.run(command)))));
  }
  return ids;
}

async function begun(client: JobClient): Promise<JobInfo[]> {
  const { job_ids: ids } = await client.list('state=running&state=succeeded&limit=1000');
  return Promise.all(ids.map((id) => client.info(id)));
}

/** The most of them that ran at once, by what is told of them. */
function mostAtOnce(jobs: readonly JobInfo[]): number {
  const spans = jobs.map(({ started_at, finished_at }) => [
    Date.parse(String(started_at)),
    Date.parse(String(finished_at)),
  ]);
  const runningAt = (at: number): number =>
    spans.filter(([from, to]) => Number(from) <= at && at < Number(to)).length;
  return Math.max(...spans.map(([from]) => runningAt(Number(from))));
}

function itLetsUsersTakeTurns(server: () => TestServer): void {
  it("starts another user's first job within the time of one job, behind a thousand of one user", async () => {
    const [anna, ben] = [clientOf(server(), 'anna'), clientOf(server(), 'ben')];
    const annas = await runMany(anna, 1_000, 'sleep 0.3');
    await eventually(async () => {
      expect((await begun(anna)).length).toBeGreaterThan(2);
    });
    const bens = await ben.waitForState(await ben.run('true'), ['succeeded']);
    const between = (await begun(anna)).filter(
      ({ started_at: at }) => String(at) > bens.created_at && String(at) < String(bens.started_at),
    );
    expect(between.length).toBeLessThanOrEqual(1);
    await Promise.all(annas.map((id) => anna.remove(id)));
  }, 60_000);

  it('lets three users take turns, and each has his jobs in their order', async () => {
    const clients = ['anna', 'ben', 'cleo'].map((user) => clientOf(server(), user));
    const [anna] = clients as [JobClient];
    const first = await anna.run('sleep 2');
    await anna.waitForState(first, ['running']);
    const ids: string[] = [];
    for (const client of clients) for (let n = 0; n < 5; n += 1) ids.push(await client.run('sleep 0.02'));
    expect((await anna.info(first)).state).toBe('running');
    const infos = await Promise.all(
      clients.map(async (client, user) => {
        const theirs = ids.slice(5 * user, 5 * user + 5);
        return Promise.all(theirs.map((id) => client.waitForState(id, ['succeeded'])));
      }),
    );
    const byStart = infos.flat().sort((a, b) => (String(a.started_at) < String(b.started_at) ? -1 : 1));
    const rounds = [0, 3, 6, 9, 12].map((at) =>
      byStart
        .slice(at, at + 3)
        .map(({ owner }) => owner)
        .sort(),
    );
    expect(rounds).toEqual(rounds.map(() => ['anna', 'ben', 'cleo']));
    for (const theirs of infos)
      expect(theirs.map((job) => String(job.started_at))).toEqual(
        theirs.map((job) => String(job.started_at)).sort(),
      );
  }, 30_000);
}

describeOnDatabases('Users who share one place', (database) => {
  const env = { ...users.env, AGENT_CONCURRENCY: '1' };

  describe('of a queue in the process', () => {
    itLetsUsersTakeTurns(useServer(() => ({ database, env })));
  });

  describeWithRedis('of a queue in Redis', () => {
    itLetsUsersTakeTurns(
      useServer(async () => {
        const { url, prefix } = await createRedisSpace();
        return { database, env: { ...env, ...ofAgents, REDIS_URL: url, REDIS_PREFIX: prefix } };
      }),
    );
  });
});

describeOnDatabases('A user who may have five waiting jobs', (database) => {
  const server = useServer(() => ({
    database,
    env: { ...users.env, AGENT_CONCURRENCY: '0', MAX_WAITING_PER_USER: '5' },
  }));

  it('has no more, however many he starts at once, and another user has his own', async () => {
    const [anna, ben] = [clientOf(server(), 'anna'), clientOf(server(), 'ben')];
    const start = (client: JobClient) => client.call('POST', '/run', { json: { command: 'true' } });
    const answers = await Promise.all(Array.from({ length: 40 }, () => start(anna)));
    const [accepted, refused] = [201, 429].map((code) => answers.filter(({ status }) => status === code));
    expect([accepted?.length, refused?.length]).toEqual([5, 35]);
    const last = await start(anna);
    expectError(last, 429, '5 waiting jobs');
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await start(ben)).status).toBe(201);
    await anna.cancel((accepted?.[0]?.body as { job_id: string }).job_id);
    await eventually(async () => {
      expect((await start(anna)).status).toBe(201);
    });
    expectError(await start(anna), 429);
    expect((await anna.list('state=queued')).job_ids).toHaveLength(5);
  });
});

const QUOTA = { MAX_RUNNING_PER_USER: '2' };

function itHoldsUsersToTwoPlaces(server: () => TestServer): void {
  it('runs no more of one user at once, and all in the end', async () => {
    const [anna, ben] = [clientOf(server(), 'anna'), clientOf(server(), 'ben')];
    const annas = await runMany(anna, 16, 'sleep 0.2');
    const bens = await runMany(ben, 4, 'sleep 0.2');
    const ended = async (client: JobClient, ids: string[]): Promise<JobInfo[]> =>
      Promise.all(ids.map((id) => client.waitForState(id, ['succeeded'])));
    const [ofAnna, ofBen] = await Promise.all([ended(anna, annas), ended(ben, bens)]);
    expect(mostAtOnce(ofAnna)).toBe(2);
    expect(mostAtOnce(ofBen)).toBe(2);
    expect(new Set([...ofAnna, ...ofBen].map(({ attempt }) => attempt))).toEqual(new Set([1]));
  }, 40_000);

  it('says why another waits, and starts it as soon as one is cancelled or deleted', async () => {
    const anna = clientOf(server(), 'anna');
    const ids: string[] = [];
    // One after the other: of those that are started at once, any may come first.
    for (let n = 0; n < 4; n += 1) ids.push(await anna.run('sleep 60'));
    const [one, two, three, four] = ids as [string, string, string, string];
    const running = async (): Promise<string[]> => [...(await anna.list('state=running')).job_ids].sort();
    await eventually(async () => {
      expect(await running()).toEqual([one, two].sort());
    });
    expect((await anna.info(three)).reason).toBe('All 2 places that you have for running jobs are taken.');
    await anna.cancel(one);
    // Either: one that has just been accepted may still be on its way to an agent, and come there first.
    await eventually(async () => {
      expect([[two, three].sort(), [two, four].sort()]).toContainEqual(await running());
    });
    await anna.remove(two);
    await eventually(async () => {
      expect(await running()).toEqual([three, four].sort());
    });
    await Promise.all([three, four].map((id) => anna.remove(id)));
  }, 40_000);
}

describeOnDatabases('Users who have two places each', (database) => {
  describe('of a queue in the process', () => {
    itHoldsUsersToTwoPlaces(
      useServer(() => ({ database, env: { ...users.env, ...QUOTA, AGENT_CONCURRENCY: '6' } })),
    );
  });
});

describeWithMysql('Users who have two places each', () => {
  describeWithRedis('on two servers with two agents', () => {
    let fleet: SmallFleet;

    beforeAll(async () => {
      const env = { ...users.env, ...ofAgents, ...QUOTA, AGENT_CONCURRENCY: '4' };
      fleet = await SmallFleet.start({ database: { name: 'MariaDB', create: createDatabase }, env });
      await fleet.agent(env);
      await fleet.agent({ ...env, AGENT_LABELS: 'gpu' });
    }, 60_000);
    afterAll(() => fleet.end(), 60_000);

    itHoldsUsersToTwoPlaces(() => fleet.servers[0]);
  });
});
