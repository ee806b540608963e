import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
import { temporaryDirectory } from '../support/temporary-directory.js';
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

/** A command that notes in `directory` when it began and ended, in seconds on a clock that all processes of the machine share. */
function timed(directory: string): string {
  return `exec > "$(mktemp ${directory}/XXXXXXXX)"; cat /proc/uptime; sleep 0.5; cat /proc/uptime`;
}

/**
 * The most of so many {@link timed} commands that ran at once. What is told of their jobs is dated by two servers, and their starts
 * by when they were asked for, which may be a while before they were granted.
 */
async function mostAtOnce(directory: string, count: number): Promise<number> {
  const notes = await Promise.all(
    (await readdir(directory)).map((name) => readFile(join(directory, name), 'utf8')),
  );
  expect(notes).toHaveLength(count);
  const spans = notes.map((note) => note.split('\n').map(Number.parseFloat) as [number, number]);
  const runningAt = (at: number): number => spans.filter(([from, to]) => from <= at && at < to).length;
  return Math.max(...spans.map(([from]) => runningAt(from)));
}

/** By how many jobs one of the users was ever ahead of another. Within a round their order is nobody's matter. */
function greatestLead(owners: readonly string[]): number {
  const counts = new Map(owners.map((owner) => [owner, 0]));
  return Math.max(
    ...owners.map((owner) => {
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
      return Math.max(...counts.values()) - Math.min(...counts.values());
    }),
  );
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
  });

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
    expect(greatestLead(['anna', ...byStart.map(({ owner }) => owner)])).toBe(1);
    for (const theirs of infos)
      expect(theirs.map((job) => String(job.started_at))).toEqual(
        theirs.map((job) => String(job.started_at)).sort(),
      );
  });
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
    const [ofAnnas, ofBens] = [await temporaryDirectory(), await temporaryDirectory()];
    const annas = await runMany(anna, 16, timed(ofAnnas));
    const bens = await runMany(ben, 4, timed(ofBens));
    const ended = async (client: JobClient, ids: string[]): Promise<JobInfo[]> =>
      Promise.all(ids.map((id) => client.waitForState(id, ['succeeded'])));
    const [ofAnna, ofBen] = await Promise.all([ended(anna, annas), ended(ben, bens)]);
    expect(await mostAtOnce(ofAnnas, 16)).toBe(2);
    expect(await mostAtOnce(ofBens, 4)).toBe(2);
    expect(new Set([...ofAnna, ...ofBen].map(({ attempt }) => attempt))).toEqual(new Set([1]));
  });

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
  });
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
    });
    afterAll(() => fleet.end());

    itHoldsUsersToTwoPlaces(() => fleet.servers[0]);
  });
});
