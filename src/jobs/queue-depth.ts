import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Counting a million takes long, counting a hundred does not: so many jobs may be counted in a millisecond. */
const JOBS_PER_MS = 1_000;
const RETRY_AFTER_SECONDS = 5;
/** Other servers accept jobs too: so long what was counted is taken for true where there are any. */
const SHARED_COUNT_MS = 10_000;

/**
 * How many jobs wait, as an upper bound: what was counted last and all accepted since. It is counted again only
 * where the bound says "full", and seldom enough, so that accepting a job costs no count.
 */
@Injectable()
export class QueueDepth {
  private bound: number | undefined;
  private countedAt = Number.NEGATIVE_INFINITY;
  private counting: Promise<void> | undefined;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** Takes a place for one job. Throws `DomainError('unavailable')` where there is none. */
  async take(): Promise<void> {
    if (this.bound === undefined || this.isFull() || this.isStale()) await this.countAgain();
    if (this.isFull()) {
      const limit = String(this.options.maxQueuedJobs);
      throw new DomainError(
        'unavailable',
        `The queue is full: ${limit} jobs wait. Try again later.`,
        RETRY_AFTER_SECONDS,
      );
    }
    this.bound = (this.bound ?? 0) + 1;
  }

  private isFull(): boolean {
    return (this.bound ?? 0) >= this.options.maxQueuedJobs;
  }

  private isStale(): boolean {
    return this.options.isShared && this.clock.now() - this.countedAt >= SHARED_COUNT_MS;
  }

  private countAgain(): Promise<void> {
    if (this.clock.now() - this.countedAt < this.options.maxQueuedJobs / JOBS_PER_MS)
      return Promise.resolve();
    this.counting ??= this.count().finally(() => {
      this.counting = undefined;
    });
    return this.counting;
  }

  private async count(): Promise<void> {
    this.bound = await this.jobs.countWaiting();
    this.countedAt = this.clock.now();
  }
}
