import { expect, it } from '@jest/globals';
import { type AttemptEnded } from '../../src/execution/job-reports.port.js';
import { AttemptResults } from '../../src/jobs/attempt-results.js';
import { type CleanUp } from '../../src/jobs/clean-up.js';
import { type Faults } from '../../src/jobs/faults.js';
import { SteadyClock } from '../../src/kernel/clock.js';
import { aJob, claimed, openJobStore } from '../support/job-store.js';
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
};

describeOnDatabases('the end of an attempt, reported twice at once', (kind) => {
  it('counts both times: whoever is told otherwise takes its files back', async () => {
    const { jobs, source } = await openJobStore((await kind.create()).url);
    const cleanUp = { schedule: { expectAt: () => undefined } } as unknown as CleanUp;
    const results = new AttemptResults(jobs, {} as Faults, cleanUp, new SteadyClock());
    const job = aJob();
    await jobs.insert(job);
    const lease = await claimed(jobs, job.id);
    await jobs.start(lease, Date.now());
    const twins = Array.from({ length: 4 }, () => results.record(lease, FAILED));
    expect(await Promise.all(twins)).toEqual([true, true, true, true]);
    await source.destroy();
  });
});
