import { Injectable } from '@nestjs/common';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { Clock } from '../kernel/clock.js';
import { CleanUp } from './clean-up.js';
import { type JobRow } from './job.entity.js';
import { pastAttemptsOf } from './job.events.js';
import { LATE_FILES_MS } from './job.tombstone.js';
import { JobsRepository, type LeaseKey } from './jobs.repository.js';
import { DelayedRetries } from './recovery/delayed-retries.js';
import { waitingJobOf } from './recovery/stored-waiting-jobs.js';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

export interface Fault {
  /** One sentence for a person. */
  readonly reason: string;
  /** How long the job waits before it is tried again: not at all, or longer from time to time. */
  readonly again: 'at once' | 'after a while' | 'never';
  /** Whether the agent was not there to say so: it may have left uploads under way. */
  readonly isLoss?: boolean;
}

/** What happens to a job whose attempt came to nothing: it is put back while it has retries left, else it failed. */
@Injectable()
export class Faults {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    private readonly retries: DelayedRetries,
    private readonly cleanUp: CleanUp,
    private readonly clock: Clock,
  ) {}

  /** False: the attempt was not held by this lease any more. `row` may be stale but for what never changes during an attempt. */
  async settle(lease: LeaseKey, row: JobRow, fault: Fault): Promise<boolean> {
    const done =
      fault.again !== 'never' && row.retriesLeft > 0
        ? await this.putBack(lease, row, fault)
        : await this.fail(lease, fault);
    if (done) this.cleanUp.schedule.expectAt(this.clock.now());
    return done;
  }

  /** Back to the queue without blame: it costs no retry. */
  async giveBack(lease: LeaseKey, row: JobRow): Promise<boolean> {
    const now = this.clock.now();
    const pastAttempts = pastAttemptsOf(row, now, null);
    const done = await this.jobs.putBack(lease, { notBefore: null, cleanupAt: now, pastAttempts });
    if (done) this.dispatcher.offer(waitingJobOf(row));
    return done;
  }

  private async putBack(lease: LeaseKey, row: JobRow, fault: Fault): Promise<boolean> {
    const now = this.clock.now();
    const notBefore = fault.again === 'at once' ? null : now + delayBefore(row.attempt);
    const { reason } = fault;
    const retriesLeft = row.retriesLeft - 1;
    const pastAttempts = pastAttemptsOf(row, now, reason);
    const changes = {
      notBefore,
      retriesLeft,
      reason,
      pastAttempts,
      cleanupAt: now,
      ...lateFilesOf(fault, now),
    };
    if (!(await this.jobs.putBack(lease, changes))) return false;
    if (notBefore === null) this.dispatcher.offer(waitingJobOf(row));
    else this.retries.schedule.expectAt(notBefore);
    return true;
  }

  private fail(lease: LeaseKey, fault: Fault): Promise<boolean> {
    const now = this.clock.now();
    const { reason } = fault;
    const changes = { finishedAt: now, reason, cleanupAt: now, ...lateFilesOf(fault, now) };
    return this.jobs.finish(lease, 'failed', changes);
  }
}

function lateFilesOf({ isLoss = false }: Fault, now: number): { lateFilesUntil?: number } {
  return isLoss ? { lateFilesUntil: now + LATE_FILES_MS } : {};
}

/** Doubles from attempt to attempt, with jitter, so that jobs that failed together don't return together. */
function delayBefore(attempts: number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 16));
  return Math.round(full * (0.5 + Math.random() / 2));
}
