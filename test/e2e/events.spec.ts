import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { type JobClient } from '../support/client.js';
import { describeOnDeployments } from '../support/deployments.js';
import { SmallFleet } from '../support/fleet.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { createDatabase, describeWithMysql, describeWithRedis } from '../support/services.js';

interface Event {
  readonly at: string;
  readonly type: string;
  readonly attempt: number | null;
  readonly agent: string | null;
  readonly message: string;
}

async function eventsOf(client: JobClient, jobId: string): Promise<Event[]> {
  const { status, body } = await client.call('GET', `/job_info/${jobId}/events`);
  expect(status).toBe(200);
  const { events } = body as { events: Event[] };
  const times = events.map(({ at }) => at);
  expect(times).toEqual([...times].sort());
  return events;
}

const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);

describeOnDeployments('The events of a job', ({ options }) => {
  const server = useServer(() => ({ ...options, env: { AGENT_CONCURRENCY: '1', KILL_GRACE_SECONDS: '0' } }));

  it('tell its whole life, at the times that job_info tells', async () => {
    const { client } = server();
    const input = await client.upload('x');
    const jobId = await client.run({ command: 'exit 3', input_files: [input] });
    const info = await client.waitForState(jobId, ['failed']);
    const ofFirst = { attempt: 1, agent: info.agent };
    expect(await eventsOf(client, jobId)).toEqual([
      { at: info.created_at, type: 'accepted', attempt: null, agent: null, message: 'The job was accepted.' },
      {
        ...ofFirst,
        at: expect.any(String),
        type: 'claimed',
        message: `Agent ${String(info.agent)} took the job, as attempt 1.`,
      },
      { ...ofFirst, at: info.started_at, type: 'started', message: 'Its command was started.' },
      { ...ofFirst, at: info.finished_at, type: 'failed', message: 'The command exited with code 3.' },
    ]);
  });

  it('tell of attempts that came to nothing, and why', async () => {
    const { client } = server();
    const command = '[ $JOB_ATTEMPT = 2 ] || exit 7';
    const jobId = await client.run({ command, retries: 3, retry_on_failure: true });
    await client.waitForState(jobId, ['succeeded']);
    const events = await eventsOf(client, jobId);
    expect(typesOf(events)).toEqual([
      ...['accepted', 'claimed', 'started', 'put_back', 'claimed', 'started', 'succeeded'],
    ]);
    expect(events[3]?.message).toBe('The command exited with code 7. The job went back to the queue.');
    expect(events.map(({ attempt }) => attempt)).toEqual([null, 1, 1, 1, 2, 2, 2]);
  });

  it('tell of a cancelled job what had happened to it, and nothing of one that is gone or never was', async () => {
    const { client } = server();
    const running = await client.run(`sleep ${uniqueSleep()}`);
    await client.waitForState(running, ['running']);
    const waiting = await client.run('true');
    expect(typesOf(await eventsOf(client, waiting))).toEqual(['accepted']);
    await client.cancel(waiting);
    expect(typesOf(await eventsOf(client, waiting))).toEqual(['accepted', 'cancelled']);
    await client.cancel(running);
    expect(typesOf(await eventsOf(client, running))).toEqual(['accepted', 'claimed', 'started', 'cancelled']);
    await client.remove(running);
    expectError(await client.call('GET', `/job_info/${running}/events`), 410, 'deleted');
    expectError(await client.call('GET', `/job_info/${NOBODYS_ID}/events`), 404);
    expectError(await client.call('GET', '/job_info/1/events'), 400, 'UUID');
  });
});

describeWithMysql('Events on MariaDB', () => {
  describeWithRedis('of agents elsewhere', () => {
    let fleet: SmallFleet;
    beforeAll(async () => {
      const database = { name: 'MariaDB' as const, create: createDatabase };
      fleet = await SmallFleet.start({ database, env: { AGENT_LOST_SECONDS: '2', KILL_GRACE_SECONDS: '0' } });
    });
    afterAll(() => fleet.end());

    it('tell of one that was killed and of one that stopped', async () => {
      const jobId = await fleet.one.run('[ $JOB_ATTEMPT = 3 ] || exec sleep 1000');
      const mortal = await fleet.agent({ SHUTDOWN_GRACE_SECONDS: '0' });
      const { agent } = await fleet.one.waitForState(jobId, ['running']);
      await mortal.kill();
      await mortal.restart();
      await fleet.two.waitForState(jobId, ['running']);
      await mortal.stop();
      await mortal.restart();
      await fleet.two.waitForState(jobId, ['succeeded']);
      const ends = (await eventsOf(fleet.two, jobId)).filter(({ type }) => type === 'put_back');
      expect(ends.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Agent .* was (stopped|lost).* The job went back to the queue\.$/),
        `Agent ${String(agent)} gave it back, since it stops. The job went back to the queue.`,
      ]);
      expect(ends.map(({ attempt }) => attempt)).toEqual([1, 2]);
    });
  });
});
