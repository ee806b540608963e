import { Inject, Injectable } from '@nestjs/common';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { JobChanges } from './job-changes.port.js';
import { isLeased } from './job.states.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** The places that each user has for jobs that run: when one is freed, another of his may run. */
@Injectable()
export class RunningPlaces {
  constructor(
    private readonly jobs: JobsRepository,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
    dispatcher: JobDispatcher,
    changes: JobChanges,
  ) {
    if (options.maxRunningPerUser === undefined) return;
    changes.listen((_, to) => {
      if (!isLeased(to)) dispatcher.lookAgain();
    });
  }

  /** Why no more of an owner's jobs may run now, in words for him; null: they may. */
  async whyNoMore(owner: string): Promise<string | null> {
    const { maxRunningPerUser: most } = this.options;
    if (most === undefined) return null;
    const held = await this.jobs.countHeld(owner);
    if (held < most) return null;
    const places = most === 1 ? 'The one place' : `All ${String(most)} places`;
    return `${places} that you have for running jobs ${most === 1 ? 'is' : 'are'} taken.`;
  }
}
