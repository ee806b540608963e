import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { AgentsRepository } from '../agents/agents.repository.js';
import { inBatches } from '../batches.js';
import { type DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { Timetable } from '../timetable.js';

const BATCH = 500;
const MILLISECONDS_IN_DAY = 86_400_000;
const LOOK_AGAIN_MS = { earliest: 5_000, latest: 600_000 };

/** Forgets jobs that have been gone for long, and agents that nobody has heard of for a day. */
@Injectable()
export class Tombstones {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly agents: AgentsRepository,
    private readonly clock: Clock,
    timetable: Timetable,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    this.schedule = timetable.add({
      name: 'the removal of old tombstones',
      next: () => this.next(),
      work: (now, stopping) => this.prune(now, stopping),
    });
  }

  /** What is old enough may have to wait for its files to go. */
  private async next(): Promise<number> {
    const [now, goneAt] = [this.clock.now(), await this.jobs.nextDue('goneAt')];
    const oldEnoughAt = (goneAt ?? now) + this.memoryMs;
    return now + Math.min(LOOK_AGAIN_MS.latest, Math.max(LOOK_AGAIN_MS.earliest, oldEnoughAt - now));
  }

  private get memoryMs(): number {
    return this.options.tombstoneDays * MILLISECONDS_IN_DAY;
  }

  private async prune(now: number, stopping: AbortSignal): Promise<void> {
    await inBatches(BATCH, stopping, () => this.jobs.prune(now - this.memoryMs, BATCH));
    await this.agents.prune(now - MILLISECONDS_IN_DAY);
  }
}
