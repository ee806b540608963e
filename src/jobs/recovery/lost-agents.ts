import { Injectable, Logger } from '@nestjs/common';
import { type DueWork } from '../due-work.js';
import { Faults } from '../faults.js';
import { JobChanges } from '../job-changes.port.js';
import { type JobRow } from '../job.entity.js';
import { JobsRepository } from '../jobs.repository.js';
import { Timetable } from '../timetable.js';

const BATCH = 100;

/** Takes jobs from agents that gave no sign of life until their lease ended, or that came back without them. */
@Injectable()
export class LostAgents {
  private readonly logger = new Logger('LostAgents');
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly faults: Faults,
    private readonly changes: JobChanges,
    timetable: Timetable,
  ) {
    this.schedule = timetable.add({
      name: 'the search for lost agents',
      next: () => jobs.nextDue('leaseUntil'),
      work: (now) => this.takeBackDue(now),
    });
  }

  heldBy(agent: string): Promise<readonly JobRow[]> {
    return this.jobs.heldBy(agent);
  }

  /** What an agent held that was stopped: each as long as it is held by the same lease still. */
  async takeBack(held: readonly JobRow[]): Promise<void> {
    for (const row of held) {
      await this.takeBackOne(row, `Agent ${row.agent ?? 'unknown'} was stopped while it held the job.`);
    }
  }

  /** What was granted to an agent that leaves in good order, and never ran. */
  async giveBack(held: readonly JobRow[]): Promise<void> {
    for (const row of held) {
      if (row.leaseToken === null) continue;
      await this.faults.giveBack({ jobId: row.id, attempt: row.attempt, token: row.leaseToken }, row);
    }
  }

  private async takeBackDue(now: number): Promise<void> {
    for (const row of await this.jobs.due('leaseUntil', now, BATCH)) {
      const reason = `Agent ${row.agent ?? 'unknown'} was lost: it gave no sign of life.`;
      await this.takeBackOne(row, reason, now);
    }
  }

  private async takeBackOne(row: JobRow, reason: string, endedBy?: number): Promise<void> {
    if (row.leaseToken === null) return;
    const lease = {
      jobId: row.id,
      attempt: row.attempt,
      token: row.leaseToken,
      ...(endedBy !== undefined && { endedBy }),
    };
    const taken = await this.faults.settle(lease, row, { reason, again: 'at once', isLoss: true });
    if (!taken) return;
    this.logger.warn({ jobId: row.id, attempt: row.attempt, msg: reason });
    this.changes.tellLost();
  }
}
