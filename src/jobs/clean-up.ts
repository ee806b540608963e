import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import { DueWork } from './due-work.js';
import { type JobRow } from './job.entity.js';
import { isVisible } from './job.states.js';
import { JobsRepository } from './jobs.repository.js';
import { LeftoverFiles } from './leftover-files.js';

const BATCH = 100;
const AFTER_FAULT_MS = 10_000;

/**
 * Removes what is left of jobs in the data manager, and remembers in the database what it still owes. A job that
 * was taken from an agent is looked at twice: at once, and when the agent's lease has ended, after which
 * it can't have stored anything more.
 */
@Injectable()
export class CleanUp {
  private readonly logger = new Logger('CleanUp');
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly leftovers: LeftoverFiles,
    private readonly clock: Clock,
  ) {
    this.schedule = new DueWork({
      name: 'the removal of left-over files',
      clock,
      next: () => jobs.nextDue('cleanupAt'),
      work: (now) => this.cleanAllDue(now),
    });
  }

  /** Cleans up after one job now, as far as it can be done; the rest is owed. */
  async clean(row: JobRow): Promise<void> {
    try {
      await this.leftovers.remove(row);
    } catch (error) {
      this.logger.warn(`files of job ${row.id} can't be removed now: ${messageOf(error)}`);
      await this.again(row, this.clock.now() + AFTER_FAULT_MS);
      return;
    }
    await this.settle(row);
  }

  private async cleanAllDue(now: number): Promise<void> {
    for (const row of await this.jobs.due('cleanupAt', now, BATCH)) await this.clean(row);
  }

  private async settle(row: JobRow): Promise<void> {
    const takenUntil = row.leaseToken === null ? row.leaseUntil : null;
    if (takenUntil !== null && takenUntil > this.clock.now()) await this.again(row, takenUntil);
    else if (!isVisible(row.state)) await this.jobs.forget(row.id);
    else await this.jobs.cleanedUp(row, takenUntil === null ? {} : { leaseUntil: null });
  }

  private async again(row: JobRow, at: number): Promise<void> {
    await this.jobs.cleanedUp(row, { cleanupAt: at });
    this.schedule.expectAt(at);
  }
}
