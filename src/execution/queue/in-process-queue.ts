import { Logger } from '@nestjs/common';
import { messageOf } from '../../kernel/errors.js';
import {
  type Consumer,
  type Interruption,
  JobDispatcher,
  type JobHandler,
  type WaitingJob,
  type WaitingJobs,
} from '../job-dispatcher.port.js';
import { WaitingWindow } from './waiting-window.js';

const WINDOW = 1_000;
const LOW_WATER = WINDOW / 4;
const REFILL_AGAIN_MS = 500;
/** An offer may get lost with the answer of a database, and nobody notices: so it is asked now and then. */
const DOUBT_AFTER_MS = 15_000;

interface Running {
  readonly abort: AbortController;
  done: Promise<void>;
}

/**
 * The queue within one process: a window over the jobs that wait in the database. It starts empty and in doubt,
 * so that its first filling is also the recovery of what an earlier process left waiting.
 */
export class InProcessQueue extends JobDispatcher {
  private readonly logger = new Logger('JobQueue');
  private readonly window = new WaitingWindow(WINDOW);
  private readonly running = new Map<string, Running>();
  /** Offered while they still run: an attempt that ended, and is to be tried again at once. */
  private readonly again = new Map<string, WaitingJob>();
  /** Places that are taken; what still stores its result runs without one. */
  private busy = 0;
  private offeredSince: WaitingJob[] | undefined;
  private retry: NodeJS.Timeout | undefined;
  private doubts: NodeJS.Timeout | undefined;
  private consumer: { concurrency: number; handler: JobHandler } | undefined;

  /** @param doubtAfterMs how often it is asked what waits, though all seems known */
  constructor(
    private readonly waiting: WaitingJobs,
    private readonly doubtAfterMs = DOUBT_AFTER_MS,
  ) {
    super();
  }

  offer(job: WaitingJob): void {
    if (this.running.has(job.id)) this.again.set(job.id, job);
    else this.admit(job);
    this.takeNext();
  }

  recall(jobId: string): void {
    this.window.remove(jobId);
    this.again.delete(jobId);
    this.running.get(jobId)?.abort.abort('recalled' satisfies Interruption);
  }

  consume(concurrency: number, handler: JobHandler): Consumer {
    this.consumer = { concurrency, handler };
    this.doubts = setInterval(() => {
      this.window.doubt();
      this.takeNext();
    }, this.doubtAfterMs).unref();
    this.takeNext();
    return { drain: (graceMs) => this.drain(graceMs) };
  }

  private admit(job: WaitingJob): void {
    this.offeredSince?.push(job);
    this.window.add(job);
  }

  private takeNext(): void {
    if (this.consumer === undefined) return;
    const { concurrency, handler } = this.consumer;
    while (this.busy < concurrency && this.running.size < 2 * concurrency) {
      const job = this.window.takeFirst();
      if (job === undefined) break;
      if (!this.running.has(job.id)) this.begin(job, handler);
    }
    if (!this.window.complete && this.window.size < LOW_WATER) this.refill();
  }

  private begin({ id }: WaitingJob, handler: JobHandler): void {
    const running: Running = { abort: new AbortController(), done: Promise.resolve() };
    // Before it is handled: it may free its place at once, and what runs by then must be known.
    this.running.set(id, running);
    running.done = this.handle(id, running.abort.signal, handler);
  }

  private async handle(id: string, signal: AbortSignal, handler: JobHandler): Promise<void> {
    const freePlace = this.takePlace();
    try {
      await handler({ jobId: id, signal, freePlace });
    } catch (error) {
      this.logger.error({ jobId: id, err: error }, 'a job could not be claimed');
      // The database still knows that it is owed.
      this.window.doubt();
      this.refillLater();
    }
    this.end(id);
    freePlace();
  }

  private end(id: string): void {
    this.running.delete(id);
    const offered = this.again.get(id);
    this.again.delete(id);
    if (offered !== undefined) this.admit(offered);
  }

  /** Gives the place back once, however often it is called. */
  private takePlace(): () => void {
    this.busy += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.busy -= 1;
      isTaken = false;
      this.takeNext();
    };
  }

  private refill(): void {
    if (this.offeredSince !== undefined || this.retry !== undefined) return;
    this.offeredSince = [];
    this.waiting.next(WINDOW).then(
      (jobs) => {
        const offered = this.offeredSince ?? [];
        this.offeredSince = undefined;
        this.window.fill(jobs, offered);
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

  private async drain(graceMs: number): Promise<void> {
    this.consumer = undefined;
    clearTimeout(this.retry);
    clearInterval(this.doubts);
    const interrupt = setTimeout(() => {
      for (const { abort } of this.running.values()) abort.abort('shutdown' satisfies Interruption);
    }, graceMs);
    await Promise.all([...this.running.values()].map(({ done }) => done));
    clearTimeout(interrupt);
  }
}
