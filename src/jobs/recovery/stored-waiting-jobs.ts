import { Injectable } from '@nestjs/common';
import { type WaitingJob, WaitingJobs } from '../../execution/job-dispatcher.port.js';
import { labelsIn } from '../../kernel/agent-labels.js';
import { Clock } from '../../kernel/clock.js';
import { type RunnableJob } from '../job-queue.query.js';
import { JobsRepository } from '../jobs.repository.js';

/** A job as the queue takes it. */
export function waitingJobOf(row: RunnableJob): WaitingJob {
  return { id: row.id, rank: row.queueRank, requires: labelsIn(row.requires) };
}

/** What the database says is owed: a queue that was lost, or is too small, is filled from here. */
@Injectable()
export class StoredWaitingJobs extends WaitingJobs {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
  ) {
    super();
  }

  async next(limit: number, labels: readonly string[]): Promise<readonly WaitingJob[]> {
    const rows = await this.jobs.nextWaiting(limit, labels, this.clock.now());
    return rows.map(waitingJobOf);
  }
}
