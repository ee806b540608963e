import { Inject, Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { isUuid } from '../kernel/ids.js';
import { type JobRow } from './job.entity.js';
import { type JobFilter, type JobPage } from './job.types.js';
import { goneMessage, isForgotten, isGone } from './job.view.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Which jobs a caller may see, and which touch. */
@Injectable()
export class JobAccess {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** A job that the caller may see. Throws `not_found` or `gone`. */
  async visible(jobId: string, caller: Caller): Promise<JobRow> {
    const row = await this.jobs.find(jobId);
    if (row === null || !mayTouch(row, caller) || this.isForgotten(row)) {
      throw new DomainError('not_found', `There is no job ${jobId}.`);
    }
    if (isGone(row, this.clock.now())) throw new DomainError('gone', goneMessage(row));
    return row;
  }

  /** The caller's own job, still there. Throws `invalid_request` or `forbidden`. */
  async theirs(jobId: string, caller: Caller): Promise<JobRow> {
    const row = await this.jobs.find(jobId);
    if (row === null || this.isForgotten(row))
      throw new DomainError('invalid_request', `There is no job ${jobId}.`);
    if (!mayTouch(row, caller)) throw new DomainError('forbidden', `Job ${jobId} is somebody else's.`);
    if (isGone(row, this.clock.now())) throw new DomainError('invalid_request', goneMessage(row));
    return row;
  }

  /** A page, newest first. Throws `forbidden` or `invalid_request`. */
  async page(filter: JobFilter, caller: Caller): Promise<JobPage> {
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

  private isForgotten(row: JobRow): boolean {
    return isForgotten(row, this.clock.now(), this.options.tombstoneDays);
  }
}

function mayTouch(row: JobRow, caller: Caller): boolean {
  return row.owner === caller.user || caller.role === 'admin';
}
