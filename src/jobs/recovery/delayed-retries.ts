import { Injectable } from '@nestjs/common';
import { JobDispatcher } from '../../execution/job-dispatcher.port.js';
import { type DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { waitingJobOf } from './stored-waiting-jobs.js';
import { Timetable } from '../timetable.js';

const BATCH = 200;

/** Brings jobs back to the queue that waited out the delay before their next attempt. */
@Injectable()
export class DelayedRetries {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    timetable: Timetable,
  ) {
    this.schedule = timetable.add({
      name: 'the return of delayed jobs',
      next: () => jobs.nextDue('notBefore'),
      work: (now) => this.bringBack(now),
    });
  }

  private async bringBack(now: number): Promise<void> {
    for (const row of await this.jobs.due('notBefore', now, BATCH)) {
      await this.jobs.endDelay(row.id);
      this.dispatcher.offer(waitingJobOf(row));
    }
  }
}
