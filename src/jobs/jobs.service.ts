import { Inject, Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { isUuid } from '../kernel/ids.js';
import { Endings } from './endings.js';
import { goneMessage, isForgotten, isGone, viewOf } from './job.view.js';
import { type JobRow } from './job.entity.js';
import { isFinished } from './job.states.js';
import { type JobFilter, type JobPage, type JobView, type RunRequest } from './job.types.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { Submission } from './submission.js';

/**
 * What callers do with jobs, and what they are told. Every method throws `DomainError('unavailable')` while the
 * database is away.
 */
@Injectable()
export class JobsService {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly submission: Submission,
    private readonly endings: Endings,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** Accepts a job: it is in the database when this resolves. Throws `invalid_request` for a file that does not exist. */
  async run(request: RunRequest, caller: Caller): Promise<{ jobId: string }> {
    return { jobId: await this.submission.accept(request, caller) };
  }

  /** Throws `not_found` for a job that never was or is somebody else's, `gone` for one that was deleted or has expired. */
  async info(jobId: string, caller: Caller): Promise<JobView> {
    const row = await this.jobs.find(jobId);
    if (row === null || !mayTouch(row, caller) || this.isForgotten(row)) {
      throw new DomainError('not_found', `There is no job ${jobId}.`);
    }
    if (isGone(row, this.clock.now())) throw new DomainError('gone', goneMessage(row));
    return viewOf(row);
  }

  /** Newest first. Throws `forbidden` for a filter on somebody else's jobs, `invalid_request` for a made-up token. */
  async list(filter: JobFilter, caller: Caller): Promise<JobPage> {
    const user = filter.user ?? caller.user;
    if (user !== caller.user && caller.role !== 'admin') {
      throw new DomainError('forbidden', 'You may list your own jobs only.');
    }
    if (filter.pageToken !== undefined && !isUuid(filter.pageToken)) {
      throw new DomainError('invalid_request', 'page_token must be the next_page_token of an earlier page.');
    }
    const pageToken = filter.pageToken?.toLowerCase();
    const listing = { ...filter, ...(pageToken === undefined ? {} : { pageToken }) };
    const ids = await this.jobs.list({ ...listing, user, now: this.clock.now() });
    const page = ids.slice(0, filter.limit);
    return { ids: page, nextPageToken: ids.length > filter.limit ? (page.at(-1) ?? null) : null };
  }

  /** Durable when it resolves; cancelling again is no error. Throws `invalid_request` or `forbidden`. */
  async cancel(jobId: string, caller: Caller): Promise<void> {
    await this.theirs(jobId, caller);
    if (await this.endings.cancel(jobId)) return;
    const row = await this.theirs(jobId, caller);
    if (row.state === 'cancelled') return;
    throw new DomainError('invalid_request', `Job ${jobId} has already finished: it ${finishedAs(row)}.`);
  }

  /** Removes the job with its answer and outputs, running or not. Throws `invalid_request` or `forbidden`. */
  async remove(jobId: string, caller: Caller): Promise<void> {
    await this.theirs(jobId, caller);
    if (await this.endings.remove(jobId)) return;
    await this.theirs(jobId, caller);
    throw new DomainError('invalid_request', `Job ${jobId} can not be deleted now. Try again.`);
  }

  /** The caller's own job, still there. */
  private async theirs(jobId: string, caller: Caller): Promise<JobRow> {
    const row = await this.jobs.find(jobId);
    if (row === null || this.isForgotten(row))
      throw new DomainError('invalid_request', `There is no job ${jobId}.`);
    if (!mayTouch(row, caller)) throw new DomainError('forbidden', `Job ${jobId} is somebody else's.`);
    if (isGone(row, this.clock.now())) throw new DomainError('invalid_request', goneMessage(row));
    return row;
  }

  private isForgotten(row: JobRow): boolean {
    return isForgotten(row, this.clock.now(), this.options.tombstoneDays);
  }
}

function mayTouch(row: JobRow, caller: Caller): boolean {
  return row.owner === caller.user || caller.role === 'admin';
}

function finishedAs(row: JobRow): string {
  return isFinished(row.state) ? row.state : `is ${row.state}`;
}
