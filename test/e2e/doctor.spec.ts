import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import Sqlite from 'libsql';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attemptFileId } from '../../src/execution/attempt-files.port.js';
import { type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { type JobStore, openJobStore } from '../support/job-store.js';
import { processesWith } from '../support/processes.js';
import { startServer, type TestServer } from '../support/server.js';
import {
  createDatabase,
  createRedisSpace,
  describeOnDatabases,
  describeWithMysql,
  describeWithRedis,
  type RedisSpace,
} from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'doctor.js');
const JOBS = 'job_manager_jobs';

interface Report {
  readonly code: number;
  readonly lines: readonly string[];
}

async function doctor(env: Record<string, string>, ...words: string[]): Promise<Report> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env }, cwd: String(env.DATA_DIR) };
    execFile(process.execPath, [PROGRAM, ...words], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, lines: `${stdout}${stderr}`.trim().split('\n') });
    });
  });
}

function linesOf({ lines }: Report, kind: 'wrong' | 'mended'): string[] {
  return lines.filter((line) => line.startsWith(kind)).map((line) => line.slice(10));
}

/** What is in order, and must stay so. */
async function whatIsThere(client: JobClient): Promise<object> {
  const { job_ids: ids } = await client.list('limit=1000');
  const infos = await Promise.all(ids.map((id) => client.info(id)));
  const ended = infos.filter(({ finished_at: at }) => at !== null);
  const answers = await Promise.all(
    ended.map(async ({ answer_id: id }) =>
      id === null ? null : (await client.download(id)).toString('base64'),
    ),
  );
  return { ended, answers, labelled: (await client.list('label=kind=good&state=succeeded')).job_ids };
}

describeOnDatabases('The doctor', (database) => {
  let dataDir: string;
  let env: Record<string, string>;
  let server: TestServer;
  let store: JobStore;
  let before: object;
  let receiver: WebhookReceiver;
  /** One to spoil, of each kind. */
  const jobs = {
    large: '',
    held: '',
    ended: '',
    gone: '',
    labelled: '',
    unlisted: '',
    row: '',
    leased: '',
    untold: '',
  };

  beforeAll(async () => {
    dataDir = await temporaryDirectory();
    const { url } = await database.create();
    env = {
      DATA_DIR: dataDir,
      DATABASE_URL: url,
      MAX_STORED_BYTES_PER_USER: '1000000000',
      WEBHOOK_ALLOW_PRIVATE: 'true',
    };
    server = await startServer({ dataDir, env });
    const { client } = server;
    const run = async (request: object): Promise<string> => {
      const id = await client.run({ command: 'echo fine', ...request });
      await client.waitForState(id, ['succeeded']);
      return id;
    };
    for (let count = 0; count < 5; count += 1) await run({ labels: { kind: 'good' } });
    await run({ command: 'head -c 100000 /dev/zero; echo x > out', output_files: ['out'] });
    before = await whatIsThere(client);
    await client.upload('an input that no job names yet');
    for (const name of ['held', 'ended', 'gone', 'row', 'leased'] as const) jobs[name] = await run({});
    jobs.large = await run({ command: 'head -c 200000 /dev/urandom' });
    for (const name of ['labelled', 'unlisted'] as const)
      jobs[name] = await run({ labels: { kind: 'spoilt' } });
    receiver = await WebhookReceiver.start();
    jobs.untold = await run({ webhook: `${receiver.url}/told` });
    await client.remove(jobs.gone);
    await server.end();
    store = await openJobStore(url);
  });
  afterAll(async () => {
    await store.source.destroy();
    await server.end();
  });

  const change = (id: string, assignments: string): Promise<unknown> =>
    store.source.query(`UPDATE ${JOBS} SET ${assignments} WHERE id = '${id}'`);
  const files = (...path: string[]): string => join(dataDir, 'files', ...path);
  const pathOf = (id: string): string => files('by-id', id.slice(-2), id);

  it('finds nothing wrong where nothing is, and mends nothing', async () => {
    for (const words of [[], ['--mend']]) {
      const report = await doctor(env, ...words);
      expect(report).toMatchObject({ code: 0, lines: expect.arrayContaining(['0 found, 0 mended.']) });
      expect(report.lines.filter((line) => !line.startsWith('right '))).toEqual(['0 found, 0 mended.']);
    }
  });

  it('finds each of many planted disagreements, changes nothing, mends all when asked, and leaves alone what is right', async () => {
    const large = await store.jobs.find(jobs.large);
    const strayResult = String((await store.jobs.find(jobs.row))?.answerId);
    const [upload, note, half, described] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    rmSync(pathOf(String(large?.answerId)));
    rmSync(`${pathOf(String(large?.answerId))}.json`);
    await store.source.query(`DELETE FROM ${JOBS} WHERE id = '${jobs.row}'`);
    await change(
      jobs.held,
      "state = 'running', lease_token = NULL, lease_until = NULL, answer_id = NULL, finished_at = NULL",
    );
    await change(jobs.ended, 'finished_at = NULL');
    await change(jobs.leased, `lease_token = '${randomUUID()}'`);
    await change(jobs.gone, 'gone_at = NULL');
    await store.source.query(`DELETE FROM job_manager_job_labels WHERE job_id = '${jobs.unlisted}'`);
    await change(jobs.labelled, 'labels = NULL');
    const webhooks = 'job_manager_webhooks';
    const stray = randomUUID();
    await store.source.query(
      `UPDATE ${webhooks} SET state = 'waiting', due_at = NULL WHERE job_id = '${jobs.untold}'`,
    );
    await store.source.query(
      `INSERT INTO ${webhooks} (job_id, url, state, tries) VALUES ('${stray}', 'http://x/', 'waiting', 0)`,
    );
    const toldBefore = receiver.at('/told').length;
    writeFileSync(files('tmp', upload), 'broken off');
    mkdirSync(files('expiring', '999999'), { recursive: true });
    writeFileSync(files('expiring', '999999', note), '');
    writeFileSync(pathOf(half), 'bytes alone');
    writeFileSync(`${pathOf(described)}.json`, '{}');
    const small = new Sqlite(files('small.db'));
    small.prepare('UPDATE stored_bytes SET bytes = bytes + 7').run([]);
    small.close();
    mkdirSync(join(dataDir, 'work', '7', 'files'), { recursive: true });
    writeFileSync(join(dataDir, 'work', '7', 'stdout'), 'left');
    const instance = readFileSync(join(dataDir, 'instance-id'), 'utf8').trim();
    const mark = { JOB_MANAGER_MARK: `${instance}/${jobs.held}.1`, MARKED_BY: dataDir };
    const left = spawn('sleep', ['1000'], { env: { PATH: process.env.PATH, ...mark }, detached: true });

    const planted = [
      `Job ${jobs.large} names file ${String(large?.answerId)} as its answer`,
      `File ${strayResult} was stored as the result of a job`,
      `Job ${jobs.held} is running, but nobody holds a lease`,
      `Job ${jobs.ended} has succeeded, at no time`,
      `Job ${jobs.leased} is succeeded, but somebody holds a lease`,
      `Job ${jobs.gone} is deleted, since no time`,
      `Job ${jobs.unlisted} is not found by its labels`,
      `Labels lead to job ${jobs.labelled}, which has none`,
      `Nobody was told of the end of job ${jobs.untold}`,
      `A webhook is of job ${stray}, which is not there`,
      `Upload ${upload} was broken off`,
      `The end of file ${note} is noted, which is not there`,
      `File ${half} has bytes that nothing describes`,
      `File ${described}.json describes bytes that are not there`,
      'is said to store',
      `Directory 7 of ${join(dataDir, 'work')} belongs to no job`,
      `Process ${String(left.pid)} belongs to a job`,
    ];
    const found = await doctor(env);
    expect(found.code).toBe(1);
    const wrong = linesOf(found, 'wrong');
    // What the held job had stored before it was spoilt is one more.
    for (const text of planted) expect(wrong.filter((line) => line.includes(text))).toHaveLength(1);
    expect(linesOf(await doctor(env), 'wrong')).toEqual(wrong);
    const mended = await doctor(env, '--mend');
    expect([mended.code, linesOf(mended, 'wrong')]).toEqual([0, []]);
    expect(linesOf(mended, 'mended')).toEqual(expect.arrayContaining(wrong.slice(0, 1)));
    expect(await doctor(env)).toMatchObject({
      code: 0,
      lines: expect.arrayContaining(['0 found, 0 mended.']),
    });
    expect(await processesWith(dataDir)).toEqual([]);
    expect(await readdir(join(dataDir, 'work'))).toEqual([]);

    server = await startServer({ dataDir, env });
    const { client } = server;
    const again = await client.waitForState(jobs.held, ['succeeded']);
    expect(again.answer_id).toBe(attemptFileId(jobs.held, 2, 'stdout'));
    await eventually(() => {
      expect(receiver.at('/told').length).toBeGreaterThan(toldBefore);
    });
    expect((await client.list('label=kind=spoilt')).job_ids).toEqual([jobs.unlisted]);
    expect(await whatIsThere(client)).toMatchObject({
      ended: expect.arrayContaining((before as { ended: object[] }).ended),
      labelled: (before as { labelled: object[] }).labelled,
    });
    const { answers } = (await whatIsThere(client)) as { answers: string[] };
    expect(answers).toEqual(expect.arrayContaining((before as { answers: string[] }).answers));
  });

  it('refuses to look where a server runs on the same SQLite, and looks at what it can beside one on MariaDB', async () => {
    const { code, lines } = await doctor(env);
    if (database.name === 'SQLite') {
      expect([code, lines]).toEqual([
        2,
        [`The doctor can't look: A server runs in ${dataDir}: stop it first.`],
      ]);
    } else {
      expect(code).toBe(0);
      expect(lines).toContain(
        `left out  files, directories and processes of ${dataDir}: a server or agent runs there`,
      );
    }
  });
});

describe('The doctor', () => {
  it('says how it is called', async () => {
    const dataDir = await temporaryDirectory();
    const help = await doctor({ DATA_DIR: dataDir }, '--help');
    expect([help.code, help.lines[0]]).toEqual([0, 'npm run doctor [-- --mend]']);
    expect(await doctor({ DATA_DIR: dataDir }, '--heal')).toMatchObject({ code: 2 });
    const nothing = await doctor({ DATA_DIR: dataDir });
    expect(nothing).toEqual({ code: 2, lines: ["The doctor can't look: There is no database yet."] });
  });
});

describeWithMysql('The doctor on MariaDB', () => {
  describeWithRedis('and Redis', () => {
    let server: TestServer;
    let redis: RedisSpace;
    let env: Record<string, string>;

    beforeAll(async () => {
      redis = await createRedisSpace();
      const { url } = await createDatabase();
      env = { DATABASE_URL: url, REDIS_URL: redis.url, REDIS_PREFIX: redis.prefix };
      server = await startServer({ env: { ...env, AGENT_CONCURRENCY: '0' } });
    });
    afterAll(() => server.end());

    it('takes out of the queue what no job waits for, while servers run, and nothing else', async () => {
      const { host, port, password } = new URL(redis.url);
      const connection = { host: host.split(':')[0] ?? '', port: Number(port), password };
      const queue = new Queue('jobs', { connection, prefix: redis.prefix });
      const waiting = await server.client.run('true');
      const cancelled = await server.client.run('true');
      await server.client.cancel(cancelled);
      const stray = randomUUID();
      for (const jobId of [stray, cancelled, 'no-uuid', waiting])
        await queue.add('job', {}, { jobId, priority: 2_003 });
      const own = { ...env, DATA_DIR: await temporaryDirectory() };
      const found = await doctor(own);
      expect(found.code).toBe(1);
      const wrong = linesOf(found, 'wrong').filter((line) => line.startsWith('Queue jobs'));
      expect(wrong.sort()).toEqual(
        [stray, cancelled, 'no-uuid']
          .map((id) => `Queue jobs has an entry for job ${id}, which does not wait, or is not there.`)
          .sort(),
      );
      expect((await doctor(own, '--mend')).code).toBe(0);
      expect((await queue.getPrioritized()).map(({ id }) => id)).toEqual([waiting]);
      await queue.close();
    });
  });
});
