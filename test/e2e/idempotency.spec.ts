import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectError, UUID } from '../support/answers.js';
import { type Answer, JobClient } from '../support/client.js';
import { describeOnDeployments } from '../support/deployments.js';
import { SmallFleet } from '../support/fleet.js';
import { freePort } from '../support/run/free-port.js';
import { startServer, useServer } from '../support/server.js';
import {
  createDatabase,
  describeOnDatabases,
  describeWithMysql,
  describeWithRedis,
} from '../support/services.js';
import { keyHolders } from '../support/users.js';

const AT_ONCE = 100;
const users = keyHolders({ anna: 'user', ben: 'user', cleo: 'user' });

function start(client: JobClient, key: string, json: object = { command: 'echo x' }): Promise<Answer> {
  return client.call('POST', '/run', { json, headers: { 'idempotency-key': key } });
}

/** The id that all answers have, which all are 201. */
function onlyIdIn(answers: readonly Answer[]): string {
  const told = new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`));
  expect(told.size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 201, body: { job_id: expect.stringMatching(UUID) } });
  return (answers[0]?.body as { job_id: string }).job_id;
}

describeOnDeployments('an Idempotency-Key', ({ options, bases }) => {
  const server = useServer(() => options);

  it('starts one job, however many requests come with it at once', async () => {
    const { client } = server();
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => start(client, 'at once')));
    const jobId = onlyIdIn(answers);
    await client.waitForState(jobId, ['succeeded']);
    expect((await client.list()).job_ids).toEqual([jobId]);
  });

  it.each(bases)('counts at "%s/run", however the request is spelled', async (base) => {
    const key = `spelled at ${base}.`;
    const send = (body: string | URLSearchParams, given = key): Promise<Answer> =>
      new JobClient(server().url + base).call('POST', '/run', {
        body,
        headers: { 'idempotency-key': given },
      });
    const answers = [
      await send('{"command": "true", "ttl": 60, "env": {"A": "1", "B": "2"}}'),
      await send("{env: {B: '2', A: '1'}, ttl: '60', command: 'true', retries: 25,}", `"${key}"`),
      await send(new URLSearchParams({ command: 'true', ttl: '60', 'env[A]': '1', 'env[B]': '2' })),
    ];
    onlyIdIn(answers);
    expectError(
      await send('{"command": "true", "ttl": 61, "env": {"A": "1", "B": "2"}}'),
      400,
      'another request',
    );
  });

  it('is answered with the same id when the job has ended or is gone, and its files too', async () => {
    const { client } = server();
    const input = await client.upload('x');
    const json = { command: 'cat "$INPUT_1"', input_files: [input] };
    const jobId = onlyIdIn([await start(client, 'gone', json)]);
    await client.waitForState(jobId, ['succeeded']);
    await client.call('DELETE', `/files/${input}`);
    expect(onlyIdIn([await start(client, 'gone', json)])).toBe(jobId);
    await client.remove(jobId);
    expect(onlyIdIn([await start(client, 'gone', json)])).toBe(jobId);
    expectError(await client.call('GET', `/job_info/${jobId}`), 410);
  });

  it('is waited with, for the one job', async () => {
    const { client } = server();
    const call = (): Promise<Answer> =>
      client.call('POST', '/run', {
        json: { command: 'echo y' },
        headers: { 'idempotency-key': 'waited', prefer: 'wait=60' },
        withinMs: 30_000,
      });
    const answers = await Promise.all([call(), call(), call()]);
    onlyIdIn(answers);
    expect(answers.map(({ body }) => body)).toContainEqual(expect.objectContaining({ state: 'succeeded' }));
  });

  it('is free again where the request was refused', async () => {
    const { client } = server();
    expectError(await start(client, 'refused', { command: '' }), 400, 'command');
    onlyIdIn([await start(client, 'refused')]);
  });

  it.each(['', '""', 'ä', 'x'.repeat(256), '"a'])('is refused where it is no key: %p', async (key) => {
    expectError(await start(server().client, key), 400, 'Idempotency-Key');
  });
});

describeOnDatabases('an Idempotency-Key', (database) => {
  it('is of one user alone', async () => {
    const server = await startServer({ database, env: users.env });
    const [anna, ben] = ['anna', 'ben'].map((name) => new JobClient(server.url, users.as(name)));
    const own = async (client: JobClient | undefined): Promise<string> =>
      onlyIdIn([await start(client as JobClient, 'same'), await start(client as JobClient, 'same')]);
    expect(await own(anna)).not.toBe(await own(ben));
    await server.end();
  });

  it('asks for no place where its job has one, and is free where there was none', async () => {
    const bounds = { AGENT_CONCURRENCY: '0', MAX_WAITING_PER_USER: '1', MAX_QUEUED_JOBS: '2' };
    const server = await startServer({ database, env: { ...users.env, ...bounds } });
    const [anna, ben, cleo] = ['anna', 'ben', 'cleo'].map(
      (name) => new JobClient(server.url, users.as(name)),
    ) as [JobClient, JobClient, JobClient];
    const first = onlyIdIn(await Promise.all(Array.from({ length: AT_ONCE }, () => start(anna, 'k'))));
    const second = onlyIdIn([await start(ben, 'k')]);
    expectError(await start(anna, 'more'), 429);
    expectError(await start(cleo, 'k'), 503);
    expect(onlyIdIn([await start(anna, 'k')])).toBe(first);
    await Promise.all([anna.cancel(first), ben.cancel(second)]);
    expect(onlyIdIn([await start(anna, 'more')])).not.toBe(first);
    expect(onlyIdIn([await start(cleo, 'k')])).not.toBe(second);
    await server.end();
  });

  it('outlives a kill -9 amid a hundred requests with it', async () => {
    const port = String(await freePort());
    const server = await startServer({ database, env: { PORT: port } });
    for (let round = 0; round < 5; round += 1) {
      const key = `killed ${round}`;
      const requests = Array.from({ length: AT_ONCE }, () =>
        start(server.client, key).catch(() => undefined),
      );
      // One is enough to know of: the others are in whatever state they are.
      if (round % 2 === 0) await Promise.race(requests);
      await server.kill();
      const before = (await Promise.all(requests)).filter((answer) => answer !== undefined);
      await server.restart();
      const after = await Promise.all(Array.from({ length: AT_ONCE }, () => start(server.client, key)));
      const jobId = onlyIdIn([...before, ...after]);
      await server.client.waitForState(jobId, ['succeeded']);
      expect((await server.client.list()).job_ids).toHaveLength(round + 1);
    }
    await server.end();
  });
});

describeWithMysql('An Idempotency-Key on MariaDB', () => {
  describeWithRedis('and two servers', () => {
    let fleet: SmallFleet;

    beforeAll(async () => {
      fleet = await SmallFleet.start({ database: { name: 'MariaDB', create: createDatabase } });
      await fleet.agent();
    });
    afterAll(() => fleet.end());

    it('starts one job, whichever of them is asked', async () => {
      for (let round = 0; round < 5; round += 1) {
        const clients = [fleet.one, fleet.two];
        const answers = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, n) => start(clients[n % 2] as JobClient, `spread ${round}`)),
        );
        const jobId = onlyIdIn(answers);
        await fleet.two.waitForState(jobId, ['succeeded']);
        expect((await fleet.one.list()).job_ids).toHaveLength(round + 1);
      }
    });
  });
});
