import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { RunnableJobs } from '../../src/jobs/runnable-jobs.js';
import { type RunRequest } from '../../src/jobs/job.types.js';
import { aJob, claimed, CLOCK, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

describeOnDatabases('What may be run next', (kind) => {
  let store: JobStore;
  let runnable: RunnableJobs;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
  });
  beforeEach(async () => {
    await store.source.query('DELETE FROM job_manager_jobs');
    runnable = new RunnableJobs(store.database);
  });
  afterAll(() => store.source.destroy());

  async function inserted(request: Partial<RunRequest> & { user?: string } = {}): Promise<JobRow> {
    const row = aJob(request);
    await store.jobs.insert(row);
    return row;
  }

  async function many(count: number, request: Partial<RunRequest> & { user?: string }): Promise<string[]> {
    const rows = Array.from({ length: count }, () => aJob(request));
    await store.source.getRepository<JobRow>('Job').insert(rows);
    return rows.map(({ id }) => id);
  }

  async function next(limit: number, labels: string[] = []): Promise<{ ids: string[]; isAll: boolean }> {
    const { jobs, isAll } = await runnable.next({ limit, labels, now: CLOCK.now() });
    return { ids: jobs.map(({ id }) => id), isAll };
  }

  /** How many of each owner are among the first `limit`. */
  async function counts(limit: number, labels: string[] = []): Promise<Record<string, number>> {
    const { jobs } = await runnable.next({ limit, labels, now: CLOCK.now() });
    const sums: Record<string, number> = {};
    for (const { owner } of jobs) sums[owner] = (sums[owner] ?? 0) + 1;
    return sums;
  }

  it('is all that waits, where there is room for it', async () => {
    const [low, high] = [await inserted({ priority: -5 }), await inserted({ priority: 900, user: 'ben' })];
    const { id: held } = await inserted();
    await claimed(store.jobs, held);
    await inserted({ ttl: 0n });
    expect(await next(3)).toEqual({ ids: [high.id, low.id], isAll: true });
    expect((await next(2)).isAll).toBe(false);
  });

  it('is for an agent only what its labels allow', async () => {
    const gpu = await inserted({ requires: ['gpu'] });
    const both = await inserted({ requires: ['zone=a', 'gpu', 'gpu'] });
    const other = await inserted({ requires: ['zone=b'] });
    const any = await inserted();
    const seenBy = async (labels: string[]): Promise<string[]> => (await next(10, labels)).ids.sort();
    expect(await seenBy([])).toEqual([any.id]);
    expect(await seenBy(['gpu'])).toEqual([gpu.id, any.id]);
    expect(await seenBy(['gpu', 'zone=a'])).toEqual([gpu.id, both.id, any.id]);
    expect(await seenBy(['zone=b', 'gpu'])).toEqual([gpu.id, other.id, any.id]);
  });

  it('is found in its order, whatever part of all its labels it requires', async () => {
    const labels = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const mine = [];
    for (const requires of [['h', 'a'], labels, ['c'], ['e', 'd', 'f']])
      mine.push(await inserted({ requires }));
    for (let n = 0; n < 50; n += 1) await inserted({ requires: [`other=${n}`], priority: 1_000 });
    expect((await next(3, labels)).ids).toEqual(mine.slice(0, 3).map(({ id }) => id));
    expect((await next(10, labels)).ids).toEqual(mine.map(({ id }) => id));
  });

  it('has as many of each user, of the oldest of each, however many one has', async () => {
    const anna = await many(500, { user: 'anna' });
    const ben = await many(300, { user: 'ben' });
    const few = [...(await many(3, { user: 'a-few' })), ...(await many(2, { user: 'zoe' }))];
    const { ids, isAll } = await next(100);
    expect(isAll).toBe(false);
    expect(ids.filter((id) => few.includes(id)).sort()).toEqual(few.toSorted());
    expect(ids.filter((id) => anna.includes(id))).toEqual(anna.slice(0, 48));
    expect(ids.filter((id) => ben.includes(id))).toEqual(ben.slice(0, 47));
  });

  it('leaves nothing of a higher priority out, whoever has it', async () => {
    await many(200, { user: 'anna' });
    await many(200, { user: 'ben' });
    const urgent = await many(60, { user: 'anna', priority: 1 });
    const { ids } = await next(100);
    expect(ids.slice(0, 60).sort()).toEqual(urgent.toSorted());
    expect(await counts(100)).toEqual({ anna: 80, ben: 20 });
  });

  it('has as many of each user, whatever labels their jobs require', async () => {
    await many(100, { user: 'anna' });
    await many(100, { user: 'anna', requires: ['gpu'] });
    const ben = await many(30, { user: 'ben', requires: ['gpu'] });
    await many(30, { user: 'cleo', requires: ['tpu'] });
    expect(await counts(40, ['gpu', 'zone=a'])).toEqual({ anna: 20, ben: 20 });
    expect((await next(40, ['gpu'])).ids.filter((id) => ben.includes(id))).toEqual(ben.slice(0, 20));
    expect(await counts(40)).toEqual({ anna: 40 });
  });

  it('lets all users have a turn, one after the other, where they are more than there is room for', async () => {
    const users = Array.from({ length: 25 }, (_, n) => `user-${n}`);
    for (const user of users) await many(5, { user });
    const seen = new Map<string, number>();
    for (let round = 0; round < 5; round += 1) {
      const owners = Object.entries(await counts(10));
      expect(owners).toHaveLength(10);
      owners.forEach(([owner, count]) => seen.set(owner, (seen.get(owner) ?? 0) + count));
    }
    expect([...seen.keys()].sort()).toEqual(users.toSorted());
    expect(new Set(seen.values())).toEqual(new Set([2]));
  });

  it('counts no job that waits out a delay, or is past its time', async () => {
    const rows = await many(50, { user: 'anna' });
    const delayed = { notBefore: CLOCK.now() + 60_000 };
    await store.source.getRepository<JobRow>('Job').update(rows.slice(0, 45), delayed);
    await many(50, { user: 'ben' });
    expect(await counts(40)).toEqual({ anna: 5, ben: 35 });
  });
});
