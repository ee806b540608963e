import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { type DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { Endings } from '../endings.js';
import { Timetable } from '../timetable.js';

const BATCH = 200;
const AT_ONCE = 8;

/** The scheduler that ends jobs past their time to live. It looks at the earliest expiry only, by its index. */
@Injectable()
export class ExpiryService {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly endings: Endings,
    timetable: Timetable,
  ) {
    this.schedule = timetable.add({
      name: 'the expiry of jobs',
      next: () => jobs.nextDue('expiresAt'),
      work: (now) => this.expireAllDue(now),
    });
  }

  private async expireAllDue(now: number): Promise<void> {
    const due = await this.jobs.due('expiresAt', now, BATCH);
    const limit = pLimit(AT_ONCE);
    const endings = await Promise.allSettled(due.map(({ id }) => limit(() => this.endings.expire(id))));
    const fault = endings.find((ending) => ending.status === 'rejected');
    if (fault !== undefined) throw fault.reason;
  }
}
