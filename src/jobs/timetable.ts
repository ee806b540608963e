import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { DueWork, type DueWorkOptions } from './due-work.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/**
 * So long nobody looks for what is due where all that becomes due is known of, in ms; and where another server may have
 * accepted a job that is due, and died.
 */
const LONGEST_SLEEP_MS = { alone: 30_000, shared: 1_000 };

/** All that happens to jobs by the clock, started and stopped as one. */
@Injectable()
export class Timetable implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly all: DueWork[] = [];

  constructor(
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** To be called before the application has started. */
  add(work: Omit<DueWorkOptions, 'clock' | 'longestSleepMs'>): DueWork {
    const longestSleepMs = LONGEST_SLEEP_MS[this.options.isShared ? 'shared' : 'alone'];
    const due = new DueWork({ ...work, clock: this.clock, longestSleepMs });
    this.all.push(due);
    return due;
  }

  onApplicationBootstrap(): void {
    this.all.forEach((work) => {
      work.start();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((work) => work.stop()));
  }
}
