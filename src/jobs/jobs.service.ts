import { Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { DomainError } from '../kernel/errors.js';
import { Endings } from './endings.js';
import { IdempotentSubmission } from './idempotency/idempotent-submission.js';
import { JobAccess } from './job-access.js';
import { type JobRow } from './job.entity.js';
import { eventsOf, type JobEvent } from './job.events.js';
import { isFinished } from './job.states.js';
import { JobViews } from './job-views.js';
import { JobsRepository } from './jobs.repository.js';
import { type JobFilter, type JobPage, type JobView, type RunOptions, type RunRequest } from './job.types.js';

/**
 * What callers do with jobs, and what they are told. Every method throws `DomainError('unavailable')` while the
 * database is away.
 */
@Injectable()
export class JobsService {
  constructor(
    private readonly access: JobAccess,
    private readonly submission: IdempotentSubmission,
    private readonly endings: Endings,
    private readonly views: JobViews,
    private readonly jobs: JobsRepository,
  ) {}

  /** Resolves where jobs can be accepted just now; throws `unavailable` where not. */
  checkReady(): Promise<void> {
    return this.jobs.ping();
  }

  /**
   * Accepts a job: it is in the database when this resolves. Throws `invalid_request` for a file that does not exist, and for
   * a key that was used for another request.
   */
  async run(request: RunRequest, caller: Caller, options: RunOptions = {}): Promise<{ jobId: string }> {
    return { jobId: await this.submission.accept(request, caller, options.idempotencyKey) };
  }

  /** Throws `not_found` for a job that never was or is somebody else's, `gone` for one that was deleted or has expired. */
  async info(jobId: string, caller: Caller): Promise<JobView> {
    return this.views.of(await this.access.visible(jobId, caller));
  }

  /** What happened to a job until now. Throws as {@link info} does. */
  async events(jobId: string, caller: Caller): Promise<JobEvent[]> {
    return eventsOf(await this.access.visible(jobId, caller));
  }

  /** Newest first. Throws `forbidden` for a filter on somebody else's jobs, `invalid_request` for a made-up token. */
  list(filter: JobFilter, caller: Caller): Promise<JobPage> {
    return this.access.page(filter, caller);
  }

  /** Durable when it resolves; cancelling again is no error. Throws `invalid_request` or `forbidden`. */
  async cancel(jobId: string, caller: Caller): Promise<void> {
    await this.access.theirs(jobId, caller);
    if (await this.endings.cancel(jobId)) return;
    const row = await this.access.theirs(jobId, caller);
    if (row.state === 'cancelled') return;
    throw new DomainError('invalid_request', `Job ${jobId} has already finished: it ${finishedAs(row)}.`);
  }

  /** Removes the job with its answer and outputs, running or not. Throws `invalid_request` or `forbidden`. */
  async remove(jobId: string, caller: Caller): Promise<void> {
    await this.access.theirs(jobId, caller);
    if (await this.endings.remove(jobId)) return;
    await this.access.theirs(jobId, caller);
    throw new DomainError('invalid_request', `Job ${jobId} can not be deleted now. Try again.`);
  }
}

function finishedAs(row: JobRow): string {
  return isFinished(row.state) ? row.state : `is ${row.state}`;
}
