import { Injectable } from '@nestjs/common';
import { type WaitingJob, WaitingJobs } from '../../execution/job-dispatcher.port.js';
import { Clock } from '../../kernel/clock.js';
import { JobsRepository } from '../jobs.repository.js';

/** What the database says is owed: a queue that was lost, or is too small, is filled from here. */
@Injectable()
export class StoredWaitingJobs extends WaitingJobs {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
  ) {
    super();
  }

  async next(limit: number): Promise<readonly WaitingJob[]> {
    const rows = await this.jobs.nextWaiting(limit, this.clock.now());
    return rows.map(({ id, queueRank }) => ({ id, rank: queueRank }));
  }
}
