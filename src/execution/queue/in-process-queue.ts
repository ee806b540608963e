import { Logger } from '@nestjs/common';
import { hasAll } from '../../kernel/agent-labels.js';
import { messageOf } from '../../kernel/errors.js';
import {
  type Consumer,
  JobDispatcher,
  type JobFeed,
  type JobHandler,
  type WaitingJob,
  type WaitingJobs,
} from '../job-dispatcher.port.js';
import { RunningJobs } from './running-jobs.js';
import { WaitingWindow } from './waiting-window.js';

const WINDOW = 1_000;
const LOW_WATER = WINDOW / 4;
const REFILL_AGAIN_MS = 500;
/** An offer may get lost with the answer of a database, and nobody notices: so it is asked now and then. */
const DOUBT_AFTER_MS = 15_000;

/**
 * The queue within one process: a window over the jobs that wait in the database. It starts empty and in doubt,
 * so that its first filling is also the recovery of what an earlier process left waiting.
 */
export class InProcessQueue extends JobDispatcher implements JobFeed {
  private readonly logger = new Logger('JobQueue');
  private readonly window = new WaitingWindow(WINDOW);
  /** Offered while they still run: an attempt that ended, and is to be tried again at once. */
  private readonly again = new Map<string, WaitingJob>();
  private offeredSince: WaitingJob[] | undefined;
  private retry: NodeJS.Timeout | undefined;
  private doubts: NodeJS.Timeout | undefined;
  /** Undefined before somebody consumes. */
  private running: RunningJobs | undefined;
  private isTaking = false;
  /** Whether more waits than the window was told of, though it need not be filled yet. */
  private isBehind = false;

  /**
   * @param labels of the one agent that is served
   * @param doubtAfterMs how often it is asked what waits, though all seems known
   */
  constructor(
    private readonly waiting: WaitingJobs,
    private readonly labels: readonly string[] = [],
    private readonly doubtAfterMs = DOUBT_AFTER_MS,
  ) {
    super();
  }

  offer(job: WaitingJob): void {
    if (!hasAll(this.labels, job.requires)) return;
    if (this.running?.has(job.id) === true) this.again.set(job.id, job);
    else this.admit(job);
    this.takeNext();
  }

  recall(jobId: string): void {
    this.window.remove(jobId);
    this.again.delete(jobId);
    this.running?.interrupt(jobId, 'recalled');
  }

  lookAgain(): void {
    this.isBehind = true;
    this.takeNext();
  }

  consume(concurrency: number, handler: JobHandler): Consumer {
    const running = new RunningJobs(concurrency, handler, () => {
      this.takeNext();
    });
    this.running = running;
    this.isTaking = true;
    this.doubts = setInterval(() => {
      this.window.doubt();
      this.takeNext();
    }, this.doubtAfterMs).unref();
    this.takeNext();
    return { hearingSince: () => Number.NEGATIVE_INFINITY, drain: (graceMs) => this.drain(running, graceMs) };
  }

  private admit(job: WaitingJob): void {
    this.offeredSince?.push(job);
    this.window.add(job);
  }

  private takeNext(): void {
    if (!this.isTaking) return;
    while (this.running?.hasPlace === true) {
      const job = this.window.takeFirst();
      if (job === undefined) break;
      if (!this.running.has(job.id)) void this.run(job.id, this.running);
    }
    if (this.isBehind || (!this.window.complete && this.window.size < LOW_WATER)) this.refill();
  }

  private async run(id: string, running: RunningJobs): Promise<void> {
    const { decided, over } = running.begin(id);
    decided.catch((error: unknown) => {
      this.logger.error({ jobId: id, err: error, msg: 'a job could not be claimed' });
      // The database still knows that it is owed.
      this.window.doubt();
      this.refillLater();
    });
    await over;
    const offered = this.again.get(id);
    this.again.delete(id);
    if (offered !== undefined) this.offer(offered);
  }

  private refill(): void {
    if (this.offeredSince !== undefined || this.retry !== undefined) return;
    this.offeredSince = [];
    this.isBehind = false;
    this.waiting.next(WINDOW, this.labels).then(
      (first) => {
        const offered = this.offeredSince ?? [];
        this.offeredSince = undefined;
        this.window.fill(first, offered);
        this.takeNext();
      },
      (error: unknown) => {
        this.offeredSince = undefined;
        this.logger.warn(`the waiting jobs can't be read, trying again: ${messageOf(error)}`);
        this.refillLater();
      },
    );
  }

  private refillLater(): void {
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.takeNext();
    }, REFILL_AGAIN_MS);
    this.retry.unref();
  }

  private async drain(running: RunningJobs, graceMs: number): Promise<void> {
    this.isTaking = false;
    clearTimeout(this.retry);
    clearInterval(this.doubts);
    await running.drain(graceMs);
  }
}
