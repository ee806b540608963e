import { Inject, Injectable } from '@nestjs/common';
import { JobChanges } from '../job-changes.port.js';
import { isFinished } from '../job.states.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { Timetable } from '../timetable.js';
import { ExpiryService } from './expiry.service.js';
import { KeptJobs } from './kept-jobs.js';

const BATCH = 500;

/**
 * Finished jobs are kept for so long, where that is limited: whoever ends a job lets it expire after that. Here it is seen to that those
 * which ended while there was no such limit, or a longer one, do as well.
 */
@Injectable()
export class Retention {
  private isDone = false;

  constructor(
    private readonly jobs: KeptJobs,
    expiry: ExpiryService,
    changes: JobChanges,
    timetable: Timetable,
    @Inject(JOBS_OPTIONS) { retentionMs }: JobsOptions,
  ) {
    if (retentionMs === undefined) return;
    changes.listen((_ids, to) => {
      if (isFinished(to)) expiry.schedule.expectIn(retentionMs);
    });
    timetable.add({
      name: 'the retention of finished jobs',
      next: () => Promise.resolve(null),
      work: (_now, stopping) => this.limitAll(retentionMs, stopping),
    });
  }

  /** Once, at the start: those that end from now on are limited then. */
  private async limitAll(retentionMs: number, stopping: AbortSignal): Promise<void> {
    if (this.isDone) return;
    let last: string | null = '';
    while (last !== null && !stopping.aborted)
      last = await this.jobs.limit(retentionMs, { after: last, most: BATCH });
    this.isDone = last === null;
  }
}
