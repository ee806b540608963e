import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Caller } from '../../src/auth/auth.port.js';
import { type FileStore } from '../../src/data-manager/file-store.js';
import { type JobDispatcher } from '../../src/execution/job-dispatcher.port.js';
import { Admission } from '../../src/jobs/admission.js';
import { type AgentDirectory } from '../../src/jobs/agents/agent-directory.js';
import { type ExpiryService } from '../../src/jobs/expiry/expiry.service.js';
import { fingerprintOf } from '../../src/jobs/idempotency/fingerprint.js';
import { IdempotentSubmission } from '../../src/jobs/idempotency/idempotent-submission.js';
import { KeyRetention } from '../../src/jobs/idempotency/key-retention.js';
import { type RequestKey } from '../../src/jobs/idempotency/request-key.query.js';
import { RequestKeys } from '../../src/jobs/idempotency/request-keys.repository.js';
import { type JobsOptions } from '../../src/jobs/jobs.options.js';
import { LimitPolicy } from '../../src/jobs/limit-policy.js';
import { Submission } from '../../src/jobs/submission.js';
import { Timetable } from '../../src/jobs/timetable.js';
import { WaitingRoom } from '../../src/jobs/waiting-room.js';
import { DomainError } from '../../src/kernel/errors.js';
import { eventually } from '../support/eventually.js';
import { aJob, CLOCK, type JobStore, openJobStore, OPTIONS } from '../support/job-store.js';
import { MovableClock } from '../support/movable-clock.js';
import { describeOnDatabases } from '../support/services.js';

const AT_ONCE = 100;
const HOUR_MS = 3_600_000;
const REQUEST = { command: 'true', labels: { of: 'many' } };
const user = (name: string): Caller => ({ user: name, role: 'user' });

/** What a server accepts jobs with. */
class Door {
  readonly offered: string[] = [];
  readonly retention: KeyRetention;
  private readonly submission: IdempotentSubmission;

  constructor(store: JobStore, clock: MovableClock, options: Partial<JobsOptions> = {}) {
    const all = { ...OPTIONS, maxQueuedJobs: 1_000_000, ...options };
    const keys = new RequestKeys(store.database);
    this.retention = new KeyRetention(keys, clock, new Timetable(clock, all), all);
    const dispatcher = { offer: ({ id }: { id: string }) => this.offered.push(id) };
    const submission = new Submission(
      new Admission({} as FileStore, clock, new LimitPolicy({} as AgentDirectory, all), all),
      new WaitingRoom(store.jobs, clock, all),
      store.jobs,
      dispatcher as unknown as JobDispatcher,
      {} as ExpiryService,
    );
    this.submission = new IdempotentSubmission(submission, keys, this.retention);
  }

  run(key: string, owner = 'anna', request = REQUEST): Promise<string> {
    return this.submission.accept(request, user(owner), key);
  }
}

describeOnDatabases('Requests under one key', (kind) => {
  const clock = new MovableClock(CLOCK.now());
  const stores: JobStore[] = [];
  let store: JobStore;
  /** Another server's connections, where there can be another. */
  let elsewhere: JobStore;

  beforeAll(async () => {
    const { url } = await kind.create();
    store = await openJobStore(url);
    elsewhere = kind.name === 'SQLite' ? store : await openJobStore(url);
    stores.push(...new Set([store, elsewhere]));
  });
  afterAll(() => Promise.all(stores.map(({ source }) => source.destroy())));

  async function count(table: string, where: string): Promise<number> {
    const sql = `SELECT COUNT(*) AS count FROM job_manager_${table} WHERE ${where}`;
    const [row] = await store.source.query<{ count: number | string }[]>(sql);
    return Number(row?.count);
  }

  it('start one job on two servers at once, which is offered and counted once', async () => {
    const doors = [store, elsewhere].map((each) => new Door(each, clock, { maxWaitingPerUser: 2 }));
    for (let round = 0; round < 10; round += 1) {
      const owner = `racer-${round}`;
      const run = (n: number): Promise<string> =>
        doors[n % 2]?.run('k', owner) ?? Promise.reject(new Error());
      const ids = new Set(await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => run(n))));
      expect(ids.size).toBe(1);
      expect(await count('jobs', `owner = '${owner}'`)).toBe(1);
      expect(await count('job_labels', `owner = '${owner}'`)).toBe(2);
      expect(doors.flatMap(({ offered }) => offered).filter((id) => ids.has(id))).toHaveLength(1);
      // Whoever was late at one door has given the place back: one is left at each.
      await doors[0]?.run('another', owner);
      await expect(doors[0]?.run('third', owner)).rejects.toThrow('2 waiting jobs');
    }
  });

  it('insert one job of many where the database alone decides', async () => {
    const key: RequestKey = { owner: 'rows', key: 'k', fingerprint: fingerprintOf(REQUEST) };
    const rows = Array.from({ length: AT_ONCE }, () => aJob({ ...REQUEST, user: 'rows' }));
    const neighbours = Array.from({ length: AT_ONCE }, () => aJob({ user: 'neighbour' }));
    const [inserted, others] = await Promise.all([
      Promise.all(rows.map((row, n) => (n % 2 === 0 ? store : elsewhere).jobs.insert(row, { under: key }))),
      Promise.all(neighbours.map((row) => store.jobs.insert(row))),
    ]);
    expect(others).toEqual(neighbours.map(() => true));
    const winners = rows.filter((_, n) => inserted[n]);
    expect(winners).toHaveLength(1);
    expect(await count('jobs', "owner = 'rows'")).toBe(1);
    expect(await count('job_labels', "owner = 'rows'")).toBe(2);
    expect(await new RequestKeys(elsewhere.database).find(key)).toMatchObject({ jobId: winners[0]?.id });
  });

  it('leave no key where the job is refused by the database', async () => {
    const key: RequestKey = { owner: 'twice', key: 'k', fingerprint: 'f' };
    const row = aJob({ user: 'twice' });
    await store.jobs.insert(row);
    await expect(store.jobs.insert(row, { under: key })).rejects.toThrow();
    expect(await new RequestKeys(store.database).find(key)).toBeUndefined();
  });

  it('are told apart by every byte of owner and key', async () => {
    const door = new Door(store, clock);
    const ids = [
      await door.run('Case', 'ann'),
      await door.run('case', 'ann'),
      await door.run('case ', 'ann'),
      await door.run('case', 'ann '),
      await door.run('case', 'Ann'),
      await door.run('case', 'änn'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(await door.run('case ', 'ann')).toBe(ids[2]);
  });

  it('take the longest of both', async () => {
    const door = new Door(store, clock);
    const [owner, key] = ['漢'.repeat(255), 'k'.repeat(255)];
    const id = await door.run(key, owner);
    expect(await door.run(key, owner)).toBe(id);
  });

  it('are refused where they ask for something else', async () => {
    const door = new Door(store, clock);
    await door.run('differs');
    const other = door.run('differs', 'anna', { ...REQUEST, command: 'false' });
    await expect(other).rejects.toThrow(DomainError);
    await expect(other).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/used for another request/),
    });
  });

  it('take no place while another of them is on its way', async () => {
    const door = new Door(store, clock, { maxWaitingPerUser: 1 });
    const ids = await Promise.all(Array.from({ length: AT_ONCE }, () => door.run('k', 'narrow')));
    expect(new Set(ids).size).toBe(1);
    const refused = await Promise.allSettled(Array.from({ length: 10 }, () => door.run('l', 'narrow')));
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 'rejected'));
    expect(await new RequestKeys(store.database).find({ owner: 'narrow', key: 'l' })).toBeUndefined();
  });

  describe('whose time is over', () => {
    it('start another job, one for all, whether or not the key was pruned', async () => {
      const old = new Door(store, clock);
      const [first, kept] = [await old.run('over'), await old.run('kept')];
      clock.advance(24 * HOUR_MS);
      expect(await old.run('over')).toBe(first);
      clock.advance(1);
      const longer = new Door(store, clock, { idempotencyHours: 25 });
      expect(await longer.run('kept')).toBe(kept);
      const doors = [store, elsewhere].map((each) => new Door(each, clock));
      const ids = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, n) => doors[n % 2]?.run('over') ?? Promise.reject(new Error())),
      );
      expect(new Set(ids).size).toBe(1);
      expect(ids[0]).not.toBe(first);
      expect((await store.jobs.find(first))?.id).toBe(first);
    });

    it('are forgotten in batches, and no others', async () => {
      const door = new Door(store, clock);
      const row = (n: number): object => ({
        owner: 'old',
        idempotencyKey: String(n),
        jobId: aJob().id,
        fingerprint: 'f',
      });
      // Their ids are of the real time, which the clock leaves behind by more than a day.
      clock.advance(25 * HOUR_MS);
      await store.source
        .getRepository('IdempotencyKey')
        .insert(Array.from({ length: 1_001 }, (_, n) => row(n)));
      const young = await door.run('young');
      door.retention.schedule.start();
      await eventually(async () => {
        expect(await count('idempotency_keys', "owner = 'old'")).toBe(0);
      });
      await door.retention.schedule.stop();
      expect(await door.run('young')).toBe(young);
    });
  });
});
