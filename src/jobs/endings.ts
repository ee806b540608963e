import { Injectable } from '@nestjs/common';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { Clock } from '../kernel/clock.js';
import { CleanUp } from './clean-up.js';
import { JobsRepository } from './jobs.repository.js';

/** Whoever deletes a job waits so long at the most for its files to go; then they go later. */
const PATIENCE_MS = 2_000;

/** How jobs end against their will: first in the database, for good; then their processes; then their files. */
@Injectable()
export class Endings {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    private readonly cleanUp: CleanUp,
    private readonly clock: Clock,
  ) {}

  /** False: the job had ended before, or is gone. */
  async cancel(id: string): Promise<boolean> {
    const now = this.clock.now();
    if (!(await this.jobs.cancel(id, now, 'The job was cancelled.'))) return false;
    this.dispatcher.recall(id);
    this.cleanUp.schedule.expectAt(now);
    return true;
  }

  /**
   * Takes a job away whatever it is doing, with its answer and outputs: they go before this resolves, if the data
   * manager answers in time. False: it was gone already.
   */
  async remove(id: string): Promise<boolean> {
    if (!(await this.jobs.bury(id, this.clock.now()))) return false;
    this.dispatcher.recall(id);
    const buried = await this.jobs.find(id);
    if (buried !== null) await this.cleanUp.clean(buried, AbortSignal.timeout(PATIENCE_MS));
    return true;
  }
}
