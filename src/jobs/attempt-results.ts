import { Injectable } from '@nestjs/common';
import { type AttemptEnded, type AttemptResult, type Lease } from '../execution/job-reports.port.js';
import { Clock } from '../kernel/clock.js';
import { CleanUp } from './clean-up.js';
import { Faults } from './faults.js';
import { type JobRow } from './job.entity.js';
import { JobsRepository } from './jobs.repository.js';

/** What becomes of a job when an attempt of it has ended: believed only of who holds the lease. */
@Injectable()
export class AttemptResults {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly faults: Faults,
    private readonly cleanUp: CleanUp,
    private readonly clock: Clock,
  ) {}

  /** False: nothing of it counts. */
  async record(lease: Lease, result: AttemptResult): Promise<boolean> {
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
    return this.jobs.finish(lease, result.succeeded ? 'succeeded' : 'failed', {
      finishedAt: now,
      answerId: result.answerId,
      stderrId: result.stderrId,
      usage: result.usage,
      outputs: result.outputs.length === 0 ? null : [...result.outputs],
      exitCode: result.exitCode,
      signal: result.signal,
      reason: result.reason,
      // Nobody may ever have looked for what the attempts before this one stored.
      ...(lease.attempt > 1 ? { cleanupAt: now } : {}),
    });
  }

  /** Whoever reports too late has stored its files too late, and may die before it takes them back. */
  private async distrust({ jobId }: Lease): Promise<void> {
    const now = this.clock.now();
    await this.jobs.suspectFiles(jobId, now);
    this.cleanUp.schedule.expectAt(now);
  }
}

/** Whether this very report was taken before, and only its answer was lost on the way. */
function isRecorded(row: JobRow, lease: Lease, result: AttemptResult): boolean {
  if (row.attempt !== lease.attempt) return false;
  if (result.kind !== 'ended') return row.state === 'queued' || row.state === 'failed';
  return row.answerId === result.answerId && (row.state === 'succeeded' || row.state === 'failed');
}
