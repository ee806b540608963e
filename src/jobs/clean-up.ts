import { Injectable, Logger } from '@nestjs/common';
import pLimit from 'p-limit';
import { Clock } from '../kernel/clock.js';
import { withTimeLimit } from '../kernel/deadline.js';
import { messageOf } from '../kernel/errors.js';
import { type DueWork } from './due-work.js';
import { type JobRow } from './job.entity.js';
import { isVisible } from './job.states.js';
import { JobsRepository } from './jobs.repository.js';
import { LeftoverFiles } from './leftover-files.js';
import { Timetable } from './timetable.js';

const BATCH = 100;
const AT_ONCE = 8;
const AFTER_FAULT_MS = 10_000;
/** For the files of one job, so that a silent data manager does not hold up all others for ever. */
const LONGEST_MS = 60_000;

/**
 * Removes what is left of jobs in the data manager, and remembers in the database what it still owes. A job that was taken
 * from an agent is looked at three times: at once; when the agent's lease has ended, after which it begins nothing
 * more; and when no upload can be under way any more that it began, should it have died over it.
 */
@Injectable()
export class CleanUp {
  private readonly logger = new Logger('CleanUp');
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly leftovers: LeftoverFiles,
    private readonly clock: Clock,
    timetable: Timetable,
  ) {
    this.schedule = timetable.add({
      name: 'the removal of left-over files',
      next: () => jobs.nextDue('cleanupAt'),
      work: (now, stopping) => this.cleanAllDue(now, stopping),
    });
  }

  /** Cleans up after one job now, as far as it can be done until `signal` aborts; the rest is owed. */
  async clean(row: JobRow, signal: AbortSignal): Promise<void> {
    try {
      await this.leftovers.remove(row, signal);
    } catch (error) {
      this.logger.warn(`files of job ${row.id} can't be removed now: ${messageOf(error)}`);
      await this.again(row, this.clock.now() + AFTER_FAULT_MS);
      return;
    }
    await this.settle(row);
  }

  private async cleanAllDue(now: number, stopping: AbortSignal): Promise<void> {
    const limit = pLimit(AT_ONCE);
    const due = await this.jobs.due('cleanupAt', now, BATCH);
    await Promise.all(due.map((row) => limit(() => this.cleanInTime(row, stopping))));
  }

  private async cleanInTime(row: JobRow, stopping: AbortSignal): Promise<void> {
    if (stopping.aborted) return;
    await withTimeLimit(LONGEST_MS, stopping, (signal) => this.clean(row, signal));
  }

  private async settle(row: JobRow): Promise<void> {
    const now = this.clock.now();
    const takenUntil = row.leaseToken === null ? row.leaseUntil : null;
    const next = [takenUntil, row.lateFilesUntil].filter((at) => at !== null && at > now) as number[];
    if (next.length > 0) await this.again(row, Math.min(...next));
    else if (!isVisible(row.state)) await this.jobs.forget(row.id);
    else
      await this.jobs.cleanedUp(row, {
        lateFilesUntil: null,
        ...(takenUntil === null ? {} : { leaseUntil: null }),
      });
  }

  private async again(row: JobRow, at: number): Promise<void> {
    await this.jobs.cleanedUp(row, { cleanupAt: at });
    this.schedule.expectAt(at);
  }
}
