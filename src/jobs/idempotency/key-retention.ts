import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { firstUuidAt } from '../../kernel/ids.js';
import { inBatches } from '../batches.js';
import { type DueWork } from '../due-work.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { Timetable } from '../timetable.js';
import { RequestKeys } from './request-keys.repository.js';

const BATCH = 500;
const MILLISECONDS_IN_HOUR = 3_600_000;
const LOOK_AGAIN_MS = 600_000;

/** How long a key is remembered; forgets those that are older. */
@Injectable()
export class KeyRetention {
  readonly schedule: DueWork;

  constructor(
    private readonly keys: RequestKeys,
    private readonly clock: Clock,
    timetable: Timetable,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    this.schedule = timetable.add({
      name: 'the removal of old idempotency keys',
      next: () => Promise.resolve(clock.now() + LOOK_AGAIN_MS),
      work: (_now, stopping) => this.prune(stopping),
    });
  }

  /** Whether a key counts no more that was used for this job, be it still there or not. */
  isOver(jobId: string): boolean {
    return jobId < this.firstKept();
  }

  private firstKept(): string {
    return firstUuidAt(this.clock.now() - this.options.idempotencyHours * MILLISECONDS_IN_HOUR);
  }

  private prune(stopping: AbortSignal): Promise<void> {
    return inBatches(BATCH, stopping, () => this.keys.prune(this.firstKept(), BATCH));
  }
}
