import { beforeAll, describe, expect, it } from '@jest/globals';
import { type JobListing } from '../../src/jobs/job-page.query.js';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { type JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, claimed, CLOCK, useJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const EMPTY_RESULT = {
  answerId: null,
  stderrId: null,
  outputs: null,
  exitCode: 0,
  signal: null,
  reason: null,
};

const aJobWithFiles = (): JobRow => aJob({ inputFiles: [crypto.randomUUID()] });

describeOnDatabases('JobsRepository', (kind) => {
  const { store, inserted, expire } = useJobStore(kind);
  let jobs: JobsRepository;

  beforeAll(() => {
    ({ jobs } = store());
  });

  describe('a row', () => {
    it('comes back as it was put in, to the last byte', async () => {
      const command = `echo '${'ü€😀\u0001\n\t"\\'.repeat(200)}'${'x'.repeat(120_000)}`;
      const row = await inserted(
        aJob({
          command,
          ttl: 18_446_744_073_709_551_615n,
          name: '  näme ',
          labels: { team: 'é=ü', 'a/b': '' },
          env: { A: '\u2028"' },
          priority: 1_000,
          retries: 0,
        }),
      );
      expect(await jobs.find(row.id)).toEqual(row);
    });

    it('is not found under an id that nobody has', async () => {
      expect(await jobs.find('00000000-0000-4000-8000-000000000000')).toBeNull();
    });
  });

  describe('a report', () => {
    it('counts once, and only from who holds the lease', async () => {
      const { id } = await inserted(aJobWithFiles());
      const lease = await claimed(jobs, id);
      const stale = { ...lease, token: crypto.randomUUID() };
      expect(await jobs.start(stale, CLOCK.now())).toBe(false);
      expect(await jobs.start(lease, CLOCK.now())).toBe(true);
      const end = { ...EMPTY_RESULT, finishedAt: CLOCK.now() };
      expect(await jobs.finish({ ...lease, attempt: 2 }, 'succeeded', end)).toBe(false);
      expect(await jobs.finish(stale, 'succeeded', end)).toBe(false);
      expect(await jobs.finish(lease, 'succeeded', end)).toBe(true);
      expect(await jobs.finish(lease, 'failed', end)).toBe(false);
      expect(await jobs.find(id)).toMatchObject({ state: 'succeeded', exitCode: 0, leaseToken: null });
    });

    it('of an old attempt changes nothing after the job was put back', async () => {
      const { id } = await inserted(aJobWithFiles());
      const first = await claimed(jobs, id);
      expect(await jobs.putBack(first, { notBefore: null })).toBe(true);
      const second = await claimed(jobs, id, 'agent-2');
      expect(second.attempt).toBe(2);
      expect(await jobs.start(first, CLOCK.now())).toBe(false);
      expect(await jobs.putBack(first, {})).toBe(false);
      expect(await jobs.find(id)).toMatchObject({ state: 'staging', agent: 'agent-2', attempt: 2 });
    });

    it('loses against cancel, whichever comes first, and exactly one wins', async () => {
      for (let round = 0; round < 25; round += 1) {
        const { id } = await inserted(aJob());
        const lease = await claimed(jobs, id);
        const [finished, cancelled] = await Promise.all([
          jobs.finish(lease, 'succeeded', { ...EMPTY_RESULT, finishedAt: CLOCK.now() }),
          jobs.cancel(id, CLOCK.now(), ''),
        ]);
        expect([finished, cancelled].filter(Boolean)).toHaveLength(1);
        expect((await jobs.find(id))?.state).toBe(finished ? 'succeeded' : 'cancelled');
      }
    });

    it('of renewal names what is still held', async () => {
      const rows = await Promise.all([inserted(aJob()), inserted(aJob()), inserted(aJob())]);
      const leases = await Promise.all(rows.map(({ id }) => claimed(jobs, id)));
      await jobs.cancel(rows[1].id, CLOCK.now(), '');
      expect(await jobs.renew(leases, CLOCK.now() + 90_000)).toEqual([leases[0], leases[2]]);
      expect((await jobs.find(rows[0].id))?.leaseUntil).toBeGreaterThan(CLOCK.now() + 80_000);
    });
  });

  describe('a listing', () => {
    const user = 'lister';
    const rows: JobRow[] = [];
    const page = (filter: Partial<JobListing>): Promise<string[]> =>
      jobs.list({ user, limit: 1_000, now: CLOCK.now(), ...filter });
    const newestFirst = (some: JobRow[]): string[] => some.map(({ id }) => id).reverse();

    beforeAll(async () => {
      for (let n = 0; n < 12; n += 1) {
        const labels = { parity: n % 2 === 0 ? 'even' : 'odd', ...(n < 4 ? { first: 'yes' } : {}) };
        rows.push(await inserted(aJob({ user, labels })));
      }
      await inserted(aJob({ user: 'Lister', labels: { parity: 'even' } }));
      for (const row of rows.slice(0, 3)) await jobs.cancel(row.id, CLOCK.now(), '');
      await claimed(jobs, rows[3]?.id ?? '');
    });

    it('shows one owner, newest first', async () => {
      expect(await page({})).toEqual(newestFirst(rows));
    });

    it('filters by state, one or several', async () => {
      expect(await page({ states: ['cancelled'] })).toEqual(newestFirst(rows.slice(0, 3)));
      expect(await page({ states: ['cancelled', 'running'] })).toEqual(newestFirst(rows.slice(0, 4)));
      expect(await page({ states: ['queued', 'queued', 'running'], limit: 2 })).toEqual(
        newestFirst(rows.slice(-3)),
      );
    });

    it('filters by labels, all of which must hold', async () => {
      const even = { key: 'parity', value: 'even' };
      const first = { key: 'first', value: 'yes' };
      expect(await page({ labels: [even] })).toEqual(newestFirst(rows.filter((_, n) => n % 2 === 0)));
      expect(await page({ labels: [even, first], states: ['cancelled'] })).toEqual(
        newestFirst(rows.filter((_, n) => n === 0 || n === 2)),
      );
      expect(await page({ labels: [{ key: 'parity', value: 'EVEN' }] })).toEqual([]);
      expect(await page({ labels: [{ key: 'parity', value: 'even ' }] })).toEqual([]);
    });

    it('filters by date, exclusively at both ends', async () => {
      const fifth = rows[5];
      if (fifth === undefined) throw new Error('no fifth job');
      const after = await page({ createdAfter: fifth.createdAt });
      expect(after).toEqual(newestFirst(rows.filter(({ createdAt }) => createdAt > fifth.createdAt)));
      const before = await page({ createdBefore: fifth.createdAt });
      expect(before).toEqual(newestFirst(rows.filter(({ createdAt }) => createdAt < fifth.createdAt)));
    });

    it('goes on after a token while jobs are added, without a gap or a repetition', async () => {
      const seen: string[] = [];
      for (let token: string | undefined; ;) {
        const ids = await page({ limit: 3, ...(token === undefined ? {} : { pageToken: token }) });
        seen.push(...ids.slice(0, 3));
        await inserted(aJob({ user }));
        if (ids.length <= 3) break;
        token = ids[2];
      }
      expect(seen).toEqual(newestFirst(rows));
    });

    it('leaves out what is gone, also before it was removed', async () => {
      const gone = await inserted(aJob({ user: 'goner', ttl: 0n }));
      expect(await page({ user: 'goner', now: gone.createdAt })).toEqual([]);
      await expire(CLOCK.now());
      expect(await page({ user: 'goner' })).toEqual([]);
    });
  });

  describe('a lease', () => {
    it('is extended by a sign of life, and never shortened by one that comes late', async () => {
      const { id } = await inserted(aJob());
      const lease = await claimed(jobs, id);
      const until = CLOCK.now() + 60_000;
      expect(await jobs.renew([lease], until)).toEqual([lease]);
      expect(await jobs.renew([lease], until - 50_000)).toEqual([lease]);
      expect((await jobs.find(id))?.leaseUntil).toBe(until);
    });

    it('is not held by whoever had it before, also when both ask together', async () => {
      const { id } = await inserted(aJob());
      const former = await claimed(jobs, id);
      await jobs.putBack(former, {});
      const lease = await claimed(jobs, id);
      expect(await jobs.renew([former, lease], CLOCK.now())).toEqual([lease]);
    });
  });

  describe('what is due', () => {
    it('is told by the earliest time, leases only while they are held', async () => {
      const early = await inserted(aJob({ ttl: 1n }));
      expect(await jobs.nextDue('expiresAt')).toBeLessThanOrEqual(early.expiresAt ?? 0);
      const { id } = await inserted(aJob());
      const claim = { token: crypto.randomUUID(), until: 5_000, agent: 'agent-1' };
      expect(await jobs.claim(id, claim, CLOCK.now())).not.toBeNull();
      expect(await jobs.nextDue('leaseUntil')).toBe(5_000);
      await jobs.cancel(id, CLOCK.now(), '');
      expect(await jobs.nextDue('leaseUntil')).not.toBe(5_000);
    });
  });
});
