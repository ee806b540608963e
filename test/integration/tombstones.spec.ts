import { beforeAll, expect, it } from '@jest/globals';
import { ExpiredJobs } from '../../src/jobs/expiry/expired-jobs.js';
import { LATE_FILES_MS } from '../../src/jobs/job.tombstone.js';
import { type JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, claimed, CLOCK, useJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

describeOnDatabases('A tombstone', (kind) => {
  const { store, inserted, expire } = useJobStore(kind);
  let jobs: JobsRepository;

  beforeAll(() => {
    ({ jobs } = store());
  });

  function labelsOf(id: string): Promise<unknown[]> {
    return store().source.query('SELECT * FROM job_manager_job_labels WHERE job_id = ?', [id]);
  }

  it('keeps id, owner and why, and nothing else', async () => {
    const row = await inserted(
      aJob({ labels: { secret: 'x' }, env: { TOKEN: 's3cret' }, name: 'n', user: 'eve' }),
    );
    expect(await jobs.bury(row.id, CLOCK.now())).toBe(true);
    await jobs.forget(row.id);
    const left = await jobs.find(row.id);
    expect(left).toMatchObject({
      id: row.id,
      owner: 'eve',
      state: 'deleted',
      command: '',
      spec: {},
      labels: null,
    });
    expect(JSON.stringify(left)).not.toContain('s3cret');
    expect(await labelsOf(row.id)).toEqual([]);
  });

  it('is of one kind for good', async () => {
    const row = await inserted(aJob({ ttl: 0n }));
    expect(await jobs.bury(row.id, CLOCK.now())).toBe(false);
    await expire(CLOCK.now());
    expect(await jobs.bury(row.id, 0)).toBe(false);
    expect(await jobs.cancel(row.id, 0, '')).toBe(false);
    expect(await jobs.find(row.id)).toMatchObject({ state: 'expired', goneAt: expect.any(Number) });
  });

  it('of an expired job that was never tried has nothing left at once', async () => {
    const row = await inserted(aJob({ ttl: 0n, labels: { secret: 'x' }, env: { TOKEN: 's3cret' } }));
    await expire(CLOCK.now());
    const left = await jobs.find(row.id);
    expect(left).toMatchObject({ state: 'expired', expiresAt: null, cleanupAt: null, labels: null });
    expect(JSON.stringify(left)).not.toContain('s3cret');
    expect(await labelsOf(row.id)).toEqual([]);
  });

  it('of an expired job that was tried says that a clean-up is owed, and what of', async () => {
    const row = await inserted(aJob({ ttl: 100n, name: 'n' }));
    await claimed(jobs, row.id);
    const now = Number(row.expiresAt);
    await expire(now - 1);
    expect(await jobs.find(row.id)).toMatchObject({ state: 'running', goneAt: null });
    await expire(now);
    const left = await jobs.find(row.id);
    expect(left).toMatchObject({ state: 'expired', cleanupAt: now, leaseToken: null, name: 'n' });
    expect(left).toMatchObject({ leaseUntil: expect.any(Number), lateFilesUntil: now + LATE_FILES_MS });
  });

  it('is not made of a job that was claimed after it was looked at as of one that was never tried', async () => {
    const row = await inserted(aJob({ ttl: 100n, name: 'n' }));
    const now = Number(row.expiresAt);
    const expired = new ExpiredJobs(store().database);
    const due = await expired.due(now, 100);
    await claimed(jobs, row.id);
    await expired.bury(due, now);
    expect(await jobs.find(row.id)).toMatchObject({ state: 'running', name: 'n' });
  });

  it('is pruned after its time, not before', async () => {
    const [old, young] = [await inserted(aJob()), await inserted(aJob())];
    await jobs.bury(old.id, 1_000);
    await jobs.bury(young.id, CLOCK.now());
    // As long as its files may still have to be removed, it must be remembered.
    expect(await jobs.prune(1_000, 100)).toBe(0);
    await jobs.forget(old.id);
    await jobs.forget(young.id);
    expect(await jobs.prune(1_000, 100)).toBe(1);
    expect(await jobs.find(old.id)).toBeNull();
    expect(await jobs.find(young.id)).not.toBeNull();
  });
});
