import { Inject, Injectable } from '@nestjs/common';
import { type AttemptEnded, type AttemptResult, type Lease } from '../execution/job-reports.port.js';
import { attemptFileId } from '../execution/attempt-files.port.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { CleanUp } from './clean-up.js';
import { Faults } from './faults.js';
import { type JobRow } from './job.entity.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobsRepository } from './jobs.repository.js';

/** What becomes of a job when an attempt of it has ended: believed only of who holds the lease. */
@Injectable()
export class AttemptResults {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly faults: Faults,
    private readonly cleanUp: CleanUp,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /**
   * False: nothing of it counts.
   * @throws DomainError `forbidden` where it names a file that is not the attempt's own
   */
  async record(lease: Lease, result: AttemptResult): Promise<boolean> {
    if (this.options.keepsFiles) checkFiles(lease, result);
    // The common end needs no look at the row: the guarded update says all.
    if (result.kind === 'ended' && !result.repeatable && (await this.keep(lease, result))) return true;
    const row = await this.jobs.find(lease.jobId);
    if (row === null) return false;
    if (row.leaseToken === lease.token && (await this.settle(lease, row, result))) return true;
    const counts = await this.wasRecorded(lease, result);
    if (!counts && result.kind === 'ended') await this.distrust(lease);
    return counts;
  }

  /** The same report may have come by way of another server meanwhile. */
  private async wasRecorded(lease: Lease, result: AttemptResult): Promise<boolean> {
    const row = await this.jobs.find(lease.jobId);
    return row !== null && isRecorded(row, lease, result);
  }

  private settle(lease: Lease, row: JobRow, result: AttemptResult): Promise<boolean> {
    switch (result.kind) {
      case 'returned':
        return this.faults.giveBack(lease, row);
      case 'fault': {
        const again = result.passing ? 'after a while' : 'never';
        return this.faults.settle(lease, row, { reason: result.reason, again });
      }
      case 'ended': {
        const again = result.repeatable && row.spec.retryOnFailure === true && row.retriesLeft > 0;
        if (!again) return this.keep(lease, result);
        return this.faults.settle(lease, row, {
          reason: result.reason ?? 'The command failed.',
          again: 'after a while',
        });
      }
    }
  }

  private keep(lease: Lease, result: AttemptEnded): Promise<boolean> {
    const now = this.clock.now();
    const state = result.succeeded ? 'succeeded' : 'failed';
    const changes: Partial<JobRow> & { finishedAt: number } = {
      finishedAt: now,
      answerId: result.answerId,
      stderrId: result.stderrId,
      usage: result.usage,
      outputs: result.outputs.length === 0 ? null : [...result.outputs],
      exitCode: result.exitCode,
      signal: result.signal,
      reason: result.reason,
    };
    // Nobody may ever have looked for what the attempts before this one stored.
    if (lease.attempt > 1) changes.cleanupAt = now;
    return this.jobs.finish(lease, state, changes, result.publishedInMs);
  }

  /** Whoever reports too late has stored its files too late, and may die before it takes them back. */
  private async distrust({ jobId }: Lease): Promise<void> {
    const now = this.clock.now();
    await this.jobs.suspectFiles(jobId, now);
    this.cleanUp.schedule.expectAt(now);
  }
}

/** With its job, its answer and outputs are removed: nobody shall name somebody else's files as such. */
function checkFiles({ jobId, attempt }: Lease, result: AttemptResult): void {
  if (result.kind !== 'ended') return;
  const { answerId, stderrId, outputs } = result;
  const isOwn =
    answerId === attemptFileId(jobId, attempt, 'stdout') &&
    (stderrId === null || stderrId === attemptFileId(jobId, attempt, 'stderr')) &&
    outputs.every(({ fileId }, index) => fileId === attemptFileId(jobId, attempt, `output/${index}`));
  if (!isOwn) throw new DomainError('forbidden', 'The result names files that are not those of its attempt.');
}

/** Whether this very report was taken before, and only its answer was lost on the way. */
function isRecorded(row: JobRow, lease: Lease, result: AttemptResult): boolean {
  if (row.attempt !== lease.attempt) return false;
  if (result.kind !== 'ended') return row.state === 'queued' || row.state === 'failed';
  return row.answerId === result.answerId && (row.state === 'succeeded' || row.state === 'failed');
}
