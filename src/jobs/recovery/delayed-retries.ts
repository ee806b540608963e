import { Injectable } from '@nestjs/common';
import { JobDispatcher } from '../../execution/job-dispatcher.port.js';
import { Clock } from '../../kernel/clock.js';
import { DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';

const BATCH = 200;

/** Brings jobs back to the queue that waited out the delay before their next attempt. */
@Injectable()
export class DelayedRetries {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    clock: Clock,
  ) {
    this.schedule = new DueWork({
      name: 'the return of delayed jobs',
      clock,
      next: () => jobs.nextDue('notBefore'),
      work: (now) => this.bringBack(now),
    });
  }

  private async bringBack(now: number): Promise<void> {
    for (const row of await this.jobs.due('notBefore', now, BATCH)) {
      await this.jobs.endDelay(row.id);
      this.dispatcher.offer({ id: row.id, rank: row.queueRank });
    }
  }
}
