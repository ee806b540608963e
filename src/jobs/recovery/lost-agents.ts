import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { DueWork } from '../due-work.js';
import { Faults } from '../faults.js';
import { type JobRow } from '../job.entity.js';
import { JobsRepository } from '../jobs.repository.js';

const BATCH = 100;

/** Takes jobs from agents that gave no sign of life until their lease ended, or that came back without them. */
@Injectable()
export class LostAgents {
  private readonly logger = new Logger('LostAgents');
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly faults: Faults,
    clock: Clock,
  ) {
    this.schedule = new DueWork({
      name: 'the search for lost agents',
      clock,
      next: () => jobs.nextDue('leaseUntil'),
      work: (now) => this.takeBackDue(now),
    });
  }

  /** All that `agent` held before it was started again. */
  async takeBackFrom(agent: string): Promise<void> {
    for (const row of await this.jobs.heldBy(agent)) {
      await this.takeBack(row, `Agent ${agent} was stopped while it held the job.`);
    }
  }

  private async takeBackDue(now: number): Promise<void> {
    for (const row of await this.jobs.due('leaseUntil', now, BATCH)) {
      await this.takeBack(row, `Agent ${row.agent ?? 'unknown'} was lost: it gave no sign of life.`);
    }
  }

  private async takeBack(row: JobRow, reason: string): Promise<void> {
    if (row.leaseToken === null) return;
    const lease = { jobId: row.id, attempt: row.attempt, token: row.leaseToken };
    const taken = await this.faults.settle(lease, row, { reason, again: 'at once' });
    if (taken) this.logger.warn({ jobId: row.id, attempt: row.attempt, msg: reason });
  }
}
