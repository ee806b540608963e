import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { Clock } from '../../kernel/clock.js';
import { DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { Endings } from '../endings.js';

const BATCH = 200;
const AT_ONCE = 8;

/** The scheduler that ends jobs past their time to live. It looks at the earliest expiry only, by its index. */
@Injectable()
export class ExpiryService {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly endings: Endings,
    clock: Clock,
  ) {
    this.schedule = new DueWork({
      name: 'the expiry of jobs',
      clock,
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
