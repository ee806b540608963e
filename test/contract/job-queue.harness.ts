import { Logger } from '@nestjs/common';
import { afterEach, beforeAll, beforeEach } from '@jest/globals';
import {
  type Consumer,
  type Delivery,
  type JobDispatcher,
  type JobFeed,
  type Run,
} from '../../src/execution/job-dispatcher.port.js';
import { FakeLiveAgents, FakeWaitingJobs } from '../support/waiting-jobs.js';

/** Both ends of a queue. */
export interface QueueUnderTest {
  readonly dispatcher: JobDispatcher;
  /** The end of an agent with these labels. */
  readonly feedFor: (labels: readonly string[]) => JobFeed;
  /** Whether a job that no agent has taken has its place in the queue. */
  readonly holds: (jobId: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

export interface QueueOptions {
  readonly waiting: FakeWaitingJobs;
  readonly agents: FakeLiveAgents;
  /** Of the only agent. */
  readonly labels: readonly string[];
  /** How often it is asked what waits, though all seems known. */
  readonly doubtAfterMs: number;
}

export type OnJob = (delivery: Delivery) => Promise<void>;

/** Resolves when `signal` aborts. */
export function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
    if (signal.aborted) resolve();
  });
}

export type OpenQueue = (options: QueueOptions) => QueueUnderTest | Promise<QueueUnderTest>;

/** Writes down which jobs come, in `seen`. */
export function noted(seen: string[]): OnJob {
  return ({ jobId }) => Promise.resolve(void seen.push(jobId));
}

/** One queue for each test, with at most one agent. */
export class QueueHarness {
  waiting = new FakeWaitingJobs();
  consumer: Consumer | undefined;
  private opened: QueueUnderTest | undefined;

  constructor(private readonly open: OpenQueue) {
    beforeAll(() => {
      Logger.overrideLogger(false);
    });
    beforeEach(() => {
      this.waiting = new FakeWaitingJobs();
    });
    afterEach(async () => {
      await this.consumer?.drain(0);
      this.consumer = undefined;
      await this.opened?.close();
    });
  }

  get queue(): QueueUnderTest {
    if (this.opened === undefined) throw new Error('the queue is not started');
    return this.opened;
  }

  async start({ labels = [] as readonly string[], doubtAfterMs = 60_000 } = {}): Promise<void> {
    const agents = new FakeLiveAgents();
    agents.sets = [labels];
    this.opened = await this.open({ waiting: this.waiting, agents, labels, doubtAfterMs });
  }

  /** Takes jobs as an agent does: what was claimed before is not run again. */
  consume(concurrency: number, onJob: OnJob, labels: readonly string[] = []): void {
    this.consumer = this.queue.feedFor(labels).consume(concurrency, (delivery): Promise<Run | null> => {
      const run = this.waiting.claim(delivery.jobId) ? { ended: onJob(delivery) } : null;
      return Promise.resolve(run);
    });
  }
}
