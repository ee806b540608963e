import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { type AgentUnderTest } from '../support/agent.js';
import { expectError } from '../support/answers.js';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { SmallFleet } from '../support/fleet.js';
import { noWorkingDirectoryIn, nothingAliveWith, uniqueSleep } from '../support/marked-jobs.js';
import { processesWith } from '../support/processes.js';
import { createDatabase, describeWithMysql, describeWithRedis } from '../support/services.js';

/** What `GET /agents` answers. */
interface Agents {
  readonly agents: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly concurrency: number;
    readonly running_jobs: readonly string[];
    readonly seen_at: string;
  }[];
}

const LEASE_SECONDS = 4;
const GRACE_SECONDS = 1;
const MARIADB = { name: 'MariaDB' as const, create: createDatabase };

function describeFleet(name: string, suite: () => void): void {
  describeWithMysql(name, () => {
    describeWithRedis('and Redis', suite);
  });
}

describeFleet('Two servers and three agents on MariaDB', () => {
  let fleet: SmallFleet;
  let third: AgentUnderTest;

  beforeAll(async () => {
    fleet = await SmallFleet.start({
      database: MARIADB,
      env: { AGENT_LOST_SECONDS: String(LEASE_SECONDS), KILL_GRACE_SECONDS: String(GRACE_SECONDS) },
    });
    await fleet.agent();
    await fleet.agent();
    third = await fleet.agent({ AGENT_LABELS: 'third,zone=a' });
  });
  afterAll(() => fleet.end());

  async function agents(): Promise<Agents['agents']> {
    const { status, body } = await fleet.two.call('GET', '/agents');
    expect(status).toBe(200);
    return (body as Agents).agents;
  }

  it('run a job with files that another server was told of, and tell its end on both', async () => {
    const input = await fleet.files.client.upload('one\n');
    const jobId = await fleet.one.run({
      command: 'cat "$INPUT_1"; echo two > made; echo three >&2',
      input_files: [input],
      output_files: ['made'],
    });
    const info = await fleet.two.waitForState(jobId, ['succeeded']);
    expect(await fleet.answer(info.answer_id)).toBe('one\n');
    expect(await fleet.answer(info.stderr_id)).toBe('three\n');
    expect(await fleet.answer(info.outputs[0]?.file_id ?? null)).toBe('two\n');
    expect(await fleet.one.info(jobId)).toEqual(info);
    await fleet.two.remove(jobId);
    expectError(await fleet.one.call('GET', `/job_info/${jobId}`), 410);
    await eventually(async () => {
      expectError(await fleet.files.client.call('GET', `/files/${String(info.answer_id)}/data`), 404);
    });
  });

  it('share the jobs, and list who is alive and what each runs', async () => {
    const sleep = uniqueSleep();
    const ids = await Promise.all(
      Array.from({ length: 6 }, () => fleet.one.run({ command: `sleep ${sleep}` })),
    );
    const listed = await eventually(async () => {
      const all = await agents();
      expect(all.flatMap(({ running_jobs }) => running_jobs).sort()).toEqual([...ids].sort());
      return all;
    });
    expect(listed.map(({ name }) => name)).toEqual(fleet.agents.map(({ name }) => name).sort());
    expect(listed.map(({ concurrency, running_jobs }) => [concurrency, running_jobs.length])).toEqual([
      [2, 2],
      [2, 2],
      [2, 2],
    ]);
    expect(listed.find(({ name }) => name === third.name)?.labels).toEqual(['third', 'zone=a']);
    await Promise.all(ids.map((id) => fleet.two.cancel(id)));
    await nothingAliveWith(sleep);
  });

  it('end a job that is cancelled on the other server within a second and the grace', async () => {
    const sleep = uniqueSleep();
    const jobId = await fleet.one.run({
      command: `trap '' TERM; setsid sleep ${sleep} & (setsid sh -c 'trap "" TERM; sleep ${sleep}' &) ; sleep ${sleep}`,
      requires: ['third'],
    });
    await fleet.two.waitForState(jobId, ['running']);
    await eventually(async () => {
      expect((await processesWith(sleep)).length).toBeGreaterThanOrEqual(3);
    });
    await fleet.two.cancel(jobId);
    // Half a second for the look through /proc itself, on a machine that is busy.
    await nothingAliveWith(sleep, { withinMs: 1_000 + GRACE_SECONDS * 1_000 + 500 });
    expect(await fleet.one.info(jobId)).toMatchObject({
      state: 'cancelled',
      answer_id: null,
      agent: third.name,
    });
    await noWorkingDirectoryIn(third.dataDir);
  });

  it('give a job that waits for a label to whoever brings it, and say meanwhile why it waits', async () => {
    const jobId = await fleet.one.run({ command: 'echo $JOB_ATTEMPT', requires: ['zone=b', 'tpu'] });
    expect(await fleet.two.info(jobId)).toMatchObject({
      state: 'queued',
      requires: ['tpu', 'zone=b'],
      reason: 'No live agent has the labels tpu, zone=b, which it requires.',
    });
    const late = await fleet.agent({ AGENT_LABELS: 'zone=b,tpu,more' });
    const info = await fleet.two.waitForState(jobId, ['succeeded']);
    expect([info.agent, info.reason, await fleet.answer(info.answer_id)]).toEqual([late.name, null, '1\n']);
    await late.end();
    expect((await agents()).map(({ name }) => name)).not.toContain(late.name);
  });

  it('leave an agent without any credentials of the database', async () => {
    const secrets = [process.env.TEST_MYSQL_URL ?? '', 'mysql:', 'DATABASE'].filter((text) => text !== '');
    const environment = await readFile(`/proc/${third.pid}/environ`, 'utf8');
    const open = await processesWith(third.dataDir);
    for (const secret of secrets) {
      expect(environment).not.toContain(secret);
      expect(third.logs()).not.toContain(secret);
      for (const { pid } of open) {
        const its = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
        expect(its).not.toContain(secret);
      }
    }
  });

  it('let an agent that is stopped finish or give back what it runs, at once and without blame', async () => {
    const leaving = await fleet.agent({ AGENT_LABELS: 'leaving', SHUTDOWN_GRACE_SECONDS: '1' });
    const sleep = uniqueSleep();
    const short = await fleet.one.run({ command: 'sleep 0.5; echo done', requires: ['leaving'] });
    const long = await fleet.one.run({ command: `sleep ${sleep}`, requires: ['leaving'], retries: 0 });
    await Promise.all([short, long].map((id) => fleet.two.waitForState(id, ['running'])));
    await leaving.end();
    await fleet.two.waitForState(short, ['succeeded']);
    expect(await fleet.two.info(long)).toMatchObject({
      state: 'queued',
      reason: 'No live agent has the label leaving, which it requires.',
    });
    await fleet.one.remove(long);
  });

  it('kill what an agent under SIGSTOP runs before its lease ends, and run it elsewhere', async () => {
    const frozen = await fleet.agent({ AGENT_LABELS: 'twin' });
    const log = `${frozen.dataDir}/log`;
    const sleep = uniqueSleep();
    const command = `echo "$JOB_ATTEMPT" >> ${log}; [ "$JOB_ATTEMPT" -gt 1 ] || sleep ${sleep}; echo "answer of $JOB_ATTEMPT"`;
    const jobId = await fleet.one.run({ command, requires: ['twin'] });
    await fleet.one.waitForState(jobId, ['running']);
    await eventually(async () => {
      expect(await processesWith(sleep)).not.toEqual([]);
    });
    const frozenAt = performance.now();
    frozen.freeze();
    const other = await fleet.agent({ AGENT_LABELS: 'twin' });
    // While the agent is frozen, and before anybody else may run the job.
    await nothingAliveWith(sleep, { withinMs: LEASE_SECONDS * 1_000 });
    const info = await fleet.two.waitForState(jobId, ['succeeded'], { withinMs: 20_000 });
    expect([info.attempt, info.agent]).toEqual([2, other.name]);
    await eventually(
      () => {
        expect(performance.now() - frozenAt).toBeGreaterThan(2 * LEASE_SECONDS * 1_000);
      },
      { withinMs: 20_000 },
    );
    frozen.thaw();
    await noWorkingDirectoryIn(frozen.dataDir);
    await eventually(async () => {
      expect((await agents()).map(({ name }) => name)).toContain(frozen.name);
    });
    expect(await fleet.two.info(jobId)).toEqual(info);
    expect(await fleet.answer(info.answer_id)).toBe('answer of 2\n');
    expect(await readFile(log, 'utf8')).toBe('1\n2\n');
    await Promise.all([frozen.end(), other.end()]);
  });

  it('fail a job whose agents are lost more often than it may be retried, and name the last', async () => {
    const mortal = await fleet.agent({ AGENT_LABELS: 'mortal' });
    const jobId = await fleet.one.run({
      command: `sleep ${uniqueSleep()}`,
      requires: ['mortal'],
      retries: 0,
    });
    await fleet.one.waitForState(jobId, ['running']);
    await mortal.kill();
    const info = await fleet.two.waitForState(jobId, ['failed'], { withinMs: 20_000 });
    expect(info).toMatchObject({ answer_id: null, attempt: 1 });
    expect(info.reason).toBe(`Agent ${mortal.name} was lost: it gave no sign of life.`);
  });

  it('go on with one server, whichever it is', async () => {
    const [first, second] = fleet.servers;
    for (const [gone, there] of [
      [first, second],
      [second, first],
    ] as const) {
      const jobId = await there.client.run('sleep 1; echo through');
      await there.client.waitForState(jobId, ['running']);
      gone.freeze();
      const info = await there.client.waitForState(jobId, ['succeeded'], { withinMs: 20_000 });
      expect(await fleet.answer(info.answer_id)).toBe('through\n');
      expect(info.attempt).toBe(1);
      gone.thaw();
    }
  });

  it('end a job whose time has come though no server is there to say so', async () => {
    const sleep = uniqueSleep();
    const jobId = await fleet.one.run({ command: `sleep ${sleep}`, ttl: 3, requires: ['third'] });
    await fleet.one.waitForState(jobId, ['running']);
    fleet.servers.forEach((server) => {
      server.freeze();
    });
    await nothingAliveWith(sleep, { withinMs: 3_000 + GRACE_SECONDS * 1_000 + 500 });
    fleet.servers.forEach((server) => {
      server.thaw();
    });
    await eventually(async () => {
      expectError(await fleet.two.call('GET', `/job_info/${jobId}`), 410, 'has expired');
    });
  });
});

describeFleet('An agent that does not fit', () => {
  let fleet: SmallFleet;
  beforeAll(async () => {
    fleet = await SmallFleet.start({ database: MARIADB, env: { AGENT_TOKEN: 'right' } });
  });
  afterAll(() => fleet.end());

  it('with a wrong token is refused at its start, and told so', async () => {
    await expect(fleet.agent({ AGENT_TOKEN: 'wrong' })).rejects.toThrow(
      /The agent can't start: .*AGENT_TOKEN/,
    );
  });

  it('with the right token runs jobs', async () => {
    await fleet.agent();
    const jobId = await fleet.one.run('echo in');
    const info: JobInfo = await fleet.two.waitForState(jobId, ['succeeded']);
    expect(await fleet.answer(info.answer_id)).toBe('in\n');
  });
});
