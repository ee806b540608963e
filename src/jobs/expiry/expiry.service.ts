import { Injectable } from '@nestjs/common';
import { JobDispatcher } from '../../execution/job-dispatcher.port.js';
import { CleanUp } from '../clean-up.js';
import { type DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { Timetable } from '../timetable.js';
import { ExpiredJobs } from './expired-jobs.js';

/** So many are buried in one go; between two of them, whoever starts a job or asks for one has his turn. */
const BATCH = 50;

/** The scheduler that ends jobs past their time to live. It looks at the earliest expiry only, by its index. */
@Injectable()
export class ExpiryService {
  readonly schedule: DueWork;

  constructor(
    jobs: JobsRepository,
    private readonly expired: ExpiredJobs,
    private readonly dispatcher: JobDispatcher,
    private readonly cleanUp: CleanUp,
    timetable: Timetable,
  ) {
    this.schedule = timetable.add({
      name: 'the expiry of jobs',
      next: () => jobs.nextDue('expiresAt'),
      work: (now) => this.expireDue(now),
    });
  }

  private async expireDue(now: number): Promise<void> {
    const due = await this.expired.due(now, BATCH);
    await this.expired.bury(due, now);
    due.forEach(({ id }) => {
      this.dispatcher.recall(id);
    });
    if (due.some(({ wasTried }) => wasTried)) this.cleanUp.schedule.expectAt(now);
  }
}
