import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { WaitingBound } from './waiting-bound.js';

const RETRY_AFTER_SECONDS = 5;
const STALE_AFTER_MS = { all: 10_000, ofOne: 1_000 };
/** Users of whom it is remembered how many of their jobs wait. */
const MOST_USERS = 10_000;

/** As many jobs may wait as the settings say, of all users and of each. */
@Injectable()
export class WaitingRoom {
  private readonly all: WaitingBound;
  private readonly ofUsers = new Map<string, WaitingBound>();

  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    this.all = this.bound(options.maxQueuedJobs, STALE_AFTER_MS.all, () => jobs.countWaiting());
  }

  /**
   * Has a job accepted where there is room for it.
   *
   * @param accept resolves when the database holds the job, or with false when it doesn't and another is in its stead
   * @throws DomainError `too_many_requests` where its owner has too many, `unavailable` where all have
   */
  async admit(owner: string, accept: () => Promise<boolean>): Promise<boolean> {
    const theirs = this.boundOf(owner);
    const taken: WaitingBound[] = [];
    let isAccepted = false;
    try {
      if (theirs !== undefined) await this.take(theirs, taken, () => this.tooManyOfOne());
      await this.take(this.all, taken, () => this.tooMany());
      isAccepted = await accept();
      return isAccepted;
    } finally {
      for (const bound of taken) bound.arrived(isAccepted);
    }
  }

  private async take(bound: WaitingBound, taken: WaitingBound[], refusal: () => DomainError): Promise<void> {
    if (!(await bound.take())) throw refusal();
    taken.push(bound);
  }

  private boundOf(owner: string): WaitingBound | undefined {
    const { maxWaitingPerUser: most } = this.options;
    if (most === undefined) return undefined;
    const known =
      this.ofUsers.get(owner) ?? this.bound(most, STALE_AFTER_MS.ofOne, () => this.jobs.countWaiting(owner));
    // Whoever was here longest ago is forgotten first.
    this.ofUsers.delete(owner);
    this.ofUsers.set(owner, known);
    this.forgetOne();
    return known;
  }

  private forgetOne(): void {
    const [oldest] = this.ofUsers;
    if (this.ofUsers.size > MOST_USERS && oldest?.[1].isInUse === false) this.ofUsers.delete(oldest[0]);
  }

  private bound(most: number, staleAfterMs: number, count: () => Promise<number>): WaitingBound {
    const { clock } = this;
    return new WaitingBound({
      most,
      count,
      clock,
      staleAfterMs: this.options.isShared ? staleAfterMs : undefined,
    });
  }

  private tooManyOfOne(): DomainError {
    const limit = String(this.options.maxWaitingPerUser);
    const message = `You have ${limit} waiting jobs, as many as you may have: wait until some have run, or cancel some.`;
    return new DomainError('too_many_requests', message, RETRY_AFTER_SECONDS);
  }

  private tooMany(): DomainError {
    const limit = String(this.options.maxQueuedJobs);
    const message = `The queue is full: ${limit} jobs wait. Try again later.`;
    return new DomainError('unavailable', message, RETRY_AFTER_SECONDS);
  }
}
