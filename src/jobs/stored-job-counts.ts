import { Injectable } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { Fresh } from './fresh.js';
import { AgentDirectory } from './agents/agent-directory.js';
import { type Counted, JobCounts } from './job-counts.port.js';
import { JobsRepository } from './jobs.repository.js';
import { WaitingLine } from './waiting-line.js';

/** A million waiting jobs are counted in some 50 ms: whoever asks more often than that gets what was counted before. */
const FRESH_MS = 5_000;

/** Counts by indexes. */
@Injectable()
export class StoredJobCounts extends JobCounts {
  private readonly counted: Fresh<Counted>;

  constructor(
    private readonly jobs: JobsRepository,
    private readonly line: WaitingLine,
    private readonly directory: AgentDirectory,
    clock: Clock,
  ) {
    super();
    this.counted = new Fresh(() => this.count(), FRESH_MS, clock);
  }

  now(): Promise<Counted> {
    return this.counted.get();
  }

  private async count(): Promise<Counted> {
    const [queued, held, agents] = await Promise.all([
      this.jobs.countWaiting(),
      this.line.held(),
      this.directory.live(),
    ]);
    const running = held.filter(({ state }) => state === 'running').length;
    const places = agents.reduce((sum, { concurrency }) => sum + concurrency, 0);
    return { queued, running, staging: held.length - running, agents: agents.length, places };
  }
}
