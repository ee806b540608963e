import { expect, it } from '@jest/globals';
import { expectError } from '../support/answers.js';
import { type Answer, type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startServer } from '../support/server.js';
import { describeWithOwnMariaDb, onServer, startMariaDb } from '../support/services.js';

const JOBS = 40;

async function createOn(server: string, name: string): Promise<string> {
  await onServer(server, `CREATE DATABASE ${name}`);
  return `${server}/${name}`;
}

/** By itself: and each job has succeeded with its index as its answer. */
async function expectRecovered(client: JobClient, ids: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      expect((await client.call('GET', '/health/ready')).status).toBe(200);
    },
    { withinMs: 30_000 },
  );
  for (const [index, id] of ids.entries()) {
    const info = await client.waitForState(id, ['succeeded'], { withinMs: 60_000 });
    expect((await client.download(String(info.answer_id))).toString()).toBe(`${index}\n`);
  }
}

describeWithOwnMariaDb('MariaDB away in the middle', () => {
  it.each(['stop', 'kill'] as const)(
    'after %s: nothing accepted is lost, and all recovers by itself',
    async (way) => {
      const mariadb = await startMariaDb();
      const env = { AGENT_CONCURRENCY: '4', DATABASE_URL: await createOn(mariadb.url, 'jobs') };
      const server = await startServer({ env });
      const { client } = server;
      const ids = await Promise.all(
        Array.from({ length: JOBS }, (_, index) => client.run(`sleep 0.2; echo ${index}`)),
      );
      await client.waitForState(String(ids[0]), ['succeeded']);

      await mariadb[way]();
      await eventually(async () => {
        expectError(await client.call('GET', '/health/ready'), 503);
      });
      for (const answer of [
        await client.call('POST', '/run', { json: { command: 'true' } }),
        await client.call('GET', `/job_info/${String(ids[0])}`),
        await client.call('GET', '/list_jobs'),
        await client.call('POST', '/cancel', { json: { job_id: ids[0] } }),
        await client.call('DELETE', '/delete', { json: { job_id: ids[0] } }),
      ]) {
        expectError(answer, 503);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      }
      expect((await client.call('GET', '/health/live')).status).toBe(200);

      await mariadb.start();
      await expectRecovered(client, ids);
      expect(await client.answerOf('echo again')).toBe('again\n');
      await server.end();
    },
  );

  it('frozen: every call is answered in time, what was accepted runs, and the end is in time too', async () => {
    const mariadb = await startMariaDb();
    const env = { AGENT_CONCURRENCY: '2', DATABASE_URL: await createOn(mariadb.url, 'jobs') };
    const server = await startServer({ env });
    const { client } = server;
    const ids = await Promise.all([0, 1, 2, 3].map((index) => client.run(`sleep 0.5; echo ${index}`)));
    mariadb.freeze();
    const answers = await Promise.all([
      client.call('GET', '/health/ready'),
      ...ids.map(() => client.call('POST', '/run', { json: { command: 'true' } })),
      client.call('GET', '/list_jobs'),
    ]);
    for (const answer of answers) expectError(answer, 503);
    mariadb.thaw();
    await expectRecovered(client, ids);
    mariadb.freeze();
    await server.end();
    mariadb.thaw();
  });
});

describeWithOwnMariaDb('MariaDB that takes little at once', () => {
  it('has what is more answered with 413, and goes on', async () => {
    const mariadb = await startMariaDb();
    const url = await createOn(mariadb.url, 'jobs');
    await onServer(mariadb.url, 'SET GLOBAL max_allowed_packet = 65536');
    const server = await startServer({ env: { AGENT_CONCURRENCY: '0', DATABASE_URL: url } });
    const start = (command: string): Promise<Answer> =>
      server.client.call('POST', '/run', { json: { command } });
    expectError(await start(`: ${'x'.repeat(70_000)}`), 413, 'max_allowed_packet');
    // MariaDB hangs up after it, which may be noticed only by whoever comes next.
    await eventually(async () => {
      expect((await start('true')).status).toBe(201);
    });
    await server.end();
  });
});
