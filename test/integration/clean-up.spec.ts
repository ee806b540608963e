import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { attemptFileId } from '../../src/execution/attempt-files.port.js';
import { CleanUp } from '../../src/jobs/clean-up.js';
import { Faults } from '../../src/jobs/faults.js';
import { LATE_FILES_MS } from '../../src/jobs/job.tombstone.js';
import { LeftoverFiles } from '../../src/jobs/leftover-files.js';
import { type DelayedRetries } from '../../src/jobs/recovery/delayed-retries.js';
import { Timetable } from '../../src/jobs/timetable.js';
import { type FileStore } from '../../src/data-manager/file-store.js';
import { type JobDispatcher } from '../../src/execution/job-dispatcher.port.js';
import { Clock } from '../../src/kernel/clock.js';
import { aJob, claimed, CLOCK, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

class SetClock extends Clock {
  ms = CLOCK.now();

  now(): number {
    return this.ms;
  }
}

const FOREVER = new AbortController().signal;

describeOnDatabases('What is left of an attempt that was taken from its agent', (kind) => {
  const clock = new SetClock();
  const removed: string[] = [];
  let store: JobStore;
  let cleanUp: CleanUp;
  let faults: Faults;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
    const files = {
      remove: (id: string) => Promise.resolve(void removed.push(id)),
    } as unknown as FileStore;
    const timetable = new Timetable(clock, {
      maxQueuedJobs: 1,
      agentLostSeconds: 30,
      tombstoneDays: 1,
      idempotencyHours: 24,
      webhooks: { allowPrivate: false, retryMs: 1_000 },
      isShared: true,
      keepsFiles: false,
    });
    const dispatcher = { offer: () => undefined } as unknown as JobDispatcher;
    cleanUp = new CleanUp(store.jobs, new LeftoverFiles(files), clock, timetable);
    faults = new Faults(store.jobs, dispatcher, {} as DelayedRetries, cleanUp, clock);
  });
  afterAll(() => store.source.destroy());

  /** Cleans up as often as is due now; whether the job's first answer was removed. */
  async function look(jobId: string): Promise<boolean> {
    removed.length = 0;
    for (const row of await store.jobs.due('cleanupAt', clock.ms, 10)) await cleanUp.clean(row, FOREVER);
    return removed.includes(attemptFileId(jobId, 1, 'stdout'));
  }

  async function dueAt(jobId: string): Promise<number | null> {
    return (await store.jobs.find(jobId))?.cleanupAt ?? null;
  }

  describe('by its loss', () => {
    it('is looked for at once, and when no upload of it can be under way any more, though it runs again', async () => {
      const job = aJob();
      await store.jobs.insert(job);
      const lease = await claimed(store.jobs, job.id);
      const loss = { reason: 'It was lost.', again: 'at once', isLoss: true } as const;
      expect(await faults.settle(lease, job, loss)).toBe(true);
      expect(await look(job.id)).toBe(true);
      expect(await dueAt(job.id)).toBe(clock.ms + LATE_FILES_MS);
      await claimed(store.jobs, job.id);
      clock.ms += LATE_FILES_MS;
      expect(await look(job.id)).toBe(true);
      expect(await dueAt(job.id)).toBeNull();
    });
  });

  describe.each(['cancel', 'delete'])('by %s', (how) => {
    it('is looked for three times: the lease may have to end first', async () => {
      const job = aJob();
      await store.jobs.insert(job);
      await claimed(store.jobs, job.id);
      const leaseUntil = (await store.jobs.find(job.id))?.leaseUntil ?? 0;
      const begun = clock.ms;
      if (how === 'cancel') await store.jobs.cancel(job.id, begun, 'It was cancelled.');
      else await store.jobs.bury(job.id, begun);
      expect(await look(job.id)).toBe(true);
      expect(await dueAt(job.id)).toBe(leaseUntil > begun ? leaseUntil : begun + LATE_FILES_MS);
      clock.ms = leaseUntil;
      await look(job.id);
      clock.ms = Math.max(leaseUntil, begun + LATE_FILES_MS);
      expect(await look(job.id)).toBe(true);
      expect(await dueAt(job.id)).toBeNull();
      expect((await store.jobs.find(job.id))?.command).toBe(how === 'cancel' ? 'true' : '');
    });
  });

  it('is nothing where it was held by nobody', async () => {
    const job = aJob();
    await store.jobs.insert(job);
    await store.jobs.cancel(job.id, clock.ms, 'It was cancelled.');
    await look(job.id);
    expect(await dueAt(job.id)).toBeNull();
  });
});
