import { Injectable } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { monotonicNow } from '../../kernel/clock.js';
import { Deadline } from '../../kernel/deadline.js';
import { JobAccess } from '../job-access.js';
import { isFinished } from '../job.states.js';
import { type JobView } from '../job.types.js';
import { JobViews } from '../job-views.js';
import { AwaitedJobs } from './awaited-jobs.js';

/** For how long somebody waits. */
export interface Patience {
  /** Null: until the end. */
  readonly ms: number | null;
  /** Aborts when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits for the ends of jobs. */
@Injectable()
export class JobWaits {
  constructor(
    private readonly access: JobAccess,
    private readonly awaited: AwaitedJobs,
    private readonly views: JobViews,
  ) {}

  /** Whether this server stops, and nobody waits any more. */
  get areOver(): boolean {
    return this.awaited.isClosed;
  }

  /**
   * Resolves when the job has ended, with what is known of it; with null when the patience is over, or this server stops.
   *
   * @throws DomainError `not_found` or `gone`, be it later on, and `unavailable`
   */
  async end(jobId: string, caller: Caller, { ms, signal }: Patience): Promise<JobView | null> {
    const waiter = this.awaited.enter(jobId);
    const giveUp = (): void => {
      waiter.giveUp();
    };
    const deadline = new Deadline(ms === null ? null : monotonicNow() + ms);
    deadline.watch(giveUp);
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    try {
      do {
        const row = await this.access.visible(jobId, caller);
        if (isFinished(row.state)) return await this.views.of(row);
      } while (await waiter.news());
      return null;
    } finally {
      deadline.cancel();
      signal?.removeEventListener('abort', giveUp);
      this.awaited.leave(waiter);
    }
  }
}
