import { Injectable } from '@nestjs/common';
import { type FirstJobs, type WaitingJob, WaitingJobs } from '../../execution/job-dispatcher.port.js';
import { labelsIn } from '../../kernel/agent-labels.js';
import { Clock } from '../../kernel/clock.js';
import { type RunnableJob } from '../job-queue.query.js';
import { RunnableJobs } from '../runnable-jobs.js';

/** A job as the queue takes it. */
export function waitingJobOf(row: RunnableJob): WaitingJob {
  return { id: row.id, rank: row.queueRank, owner: row.owner, requires: labelsIn(row.requires) };
}

/** What the database says is owed: a queue that was lost, or is too small, is filled from here. */
@Injectable()
export class StoredWaitingJobs extends WaitingJobs {
  constructor(
    private readonly jobs: RunnableJobs,
    private readonly clock: Clock,
  ) {
    super();
  }

  async next(limit: number, labels: readonly string[]): Promise<FirstJobs> {
    const { jobs, isAll } = await this.jobs.next({ limit, labels, now: this.clock.now() });
    return { jobs: jobs.map(waitingJobOf), isAll };
  }
}
