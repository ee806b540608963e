import { expect, it } from '@jest/globals';
import { type AttemptEnded } from '../../src/execution/job-reports.port.js';
import { AttemptResults } from '../../src/jobs/attempt-results.js';
import { type CleanUp } from '../../src/jobs/clean-up.js';
import { attemptFileId } from '../../src/execution/attempt-files.port.js';
import { type Faults } from '../../src/jobs/faults.js';
import { aJob, claimed, CLOCK, openJobStore, OPTIONS } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const FAILED: AttemptEnded = {
  kind: 'ended',
  succeeded: false,
  exitCode: 3,
  signal: null,
  reason: 'The command exited with code 3.',
  repeatable: true,
  answerId: crypto.randomUUID(),
  stderrId: null,
  outputs: [],
  usage: null,
  publishedInMs: null,
};

describeOnDatabases('the end of an attempt', (kind) => {
  it('counts each time that it is reported at once: whoever is told otherwise takes its files back', async () => {
    const { jobs, source } = await openJobStore((await kind.create()).url);
    const cleanUp = { schedule: { expectAt: () => undefined } } as unknown as CleanUp;
    const results = new AttemptResults(jobs, {} as Faults, cleanUp, CLOCK, OPTIONS);
    const job = aJob();
    await jobs.insert(job);
    const lease = await claimed(jobs, job.id);
    await jobs.start(lease, CLOCK.now());
    const twins = Array.from({ length: 4 }, () => results.record(lease, FAILED));
    expect(await Promise.all(twins)).toEqual([true, true, true, true]);
    await source.destroy();
  });

  it('is refused where it names files that the attempt has not stored', async () => {
    const { jobs, source } = await openJobStore((await kind.create()).url);
    const options = { ...OPTIONS, keepsFiles: true };
    const results = new AttemptResults(jobs, {} as Faults, {} as CleanUp, CLOCK, options);
    const job = aJob();
    await jobs.insert(job);
    const lease = await claimed(jobs, job.id);
    await jobs.start(lease, CLOCK.now());
    const own = {
      ...FAILED,
      repeatable: false,
      answerId: attemptFileId(job.id, 1, 'stdout'),
      stderrId: attemptFileId(job.id, 1, 'stderr'),
      outputs: [{ path: 'a', size: 1, fileId: attemptFileId(job.id, 1, 'output/0') }],
    };
    const fileId = crypto.randomUUID();
    for (const forged of [
      { answerId: fileId },
      { stderrId: fileId },
      { outputs: [{ path: 'a', size: 1, fileId }] },
    ]) {
      await expect(results.record(lease, { ...own, ...forged })).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await results.record(lease, own)).toBe(true);
    await source.destroy();
  });
});
