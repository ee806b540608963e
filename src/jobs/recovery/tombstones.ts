import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { AgentsRepository } from '../agents/agents.repository.js';
import { type DueWork } from '../due-work.js';
import { JobsRepository } from '../jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { Timetable } from '../timetable.js';

const BATCH = 500;
const MILLISECONDS_IN_DAY = 86_400_000;
const LOOK_AGAIN_MS = 600_000;

/** Forgets jobs that have been gone for long, and agents that nobody has heard of for a day. */
@Injectable()
export class Tombstones {
  readonly schedule: DueWork;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly agents: AgentsRepository,
    clock: Clock,
    timetable: Timetable,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    this.schedule = timetable.add({
      name: 'the removal of old tombstones',
      next: () => Promise.resolve(clock.now() + LOOK_AGAIN_MS),
      work: (now) => this.prune(now),
    });
  }

  private async prune(now: number): Promise<void> {
    const before = now - this.options.tombstoneDays * MILLISECONDS_IN_DAY;
    let pruned = BATCH;
    while (pruned === BATCH) pruned = await this.jobs.prune(before, BATCH);
    await this.agents.prune(now - MILLISECONDS_IN_DAY);
  }
}
