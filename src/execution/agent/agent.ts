import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Consumer, type Delivery, type JobDispatcher } from '../job-dispatcher.port.js';
import { type Assignment } from '../job-reports.port.js';
import { Attempt, type AttemptTools } from './attempt.js';
import { LeaseKeeper } from './lease-keeper.js';
import { persistently } from './persistently.js';

export interface AgentOptions {
  /** Names this agent for ever, over restarts and moves of its data directory, and no other one. */
  readonly name: string;
  /** Jobs at once, 1 or more. */
  readonly concurrency: number;
  /** Ms without a sign of life after which its jobs go to others. */
  readonly leaseMs: number;
  /** Ms that running jobs get at the end of the process. */
  readonly shutdownGraceMs: number;
}

interface Claim {
  readonly assignment: Assignment;
  /** On the monotonic clock, in ms. */
  readonly claimedAt: number;
}

/** After the last job was interrupted, its end is told for so long, then the next start finds it. */
const LAST_REPORTS_MS = 5_000;

/** Takes jobs from the queue, asks for leave to run each, and runs those it got it for. */
export class Agent {
  private readonly logger = new Logger('Agent');
  private readonly leases: LeaseKeeper;
  private readonly giveUp = new AbortController();
  private consumer: Consumer | undefined;

  constructor(
    private readonly dispatcher: JobDispatcher,
    private readonly tools: AttemptTools,
    private readonly options: AgentOptions,
  ) {
    this.leases = new LeaseKeeper(tools.reports, options.leaseMs);
  }

  /** Nothing of an earlier process of this agent may be alive any more. Waits for a database that is away. */
  async start(): Promise<void> {
    await persistently(() => this.tools.reports.arrived(this.options.name), this.giveUp.signal);
    this.leases.start();
    this.consumer = this.dispatcher.consume(this.options.concurrency, (delivery) => this.take(delivery));
    this.logger.log(`agent ${this.options.name} runs ${this.options.concurrency} jobs at once`);
  }

  /** Takes nothing more; what runs may end in time, and goes back to the queue otherwise. */
  async drain(): Promise<void> {
    const { shutdownGraceMs } = this.options;
    const lastMoment = shutdownGraceMs + this.tools.options.killGraceMs + LAST_REPORTS_MS;
    const timer = setTimeout(() => {
      this.giveUp.abort(new Error('the process ends'));
    }, lastMoment);
    await this.consumer?.drain(shutdownGraceMs);
    clearTimeout(timer);
    this.leases.stop();
  }

  private async take(delivery: Delivery): Promise<void> {
    const claim = await this.claim(delivery);
    if (claim === null) return;
    try {
      await this.run(claim, delivery);
    } catch (error) {
      if (delivery.signal.aborted || this.giveUp.signal.aborted) return;
      // The lease ends by itself: then the job is put back, here or elsewhere.
      this.logger.error({ jobId: delivery.jobId, err: error }, 'an attempt could not be brought to its end');
    }
  }

  /** Null where the job is not to be run. Rejects where that could not be learned: the queue then asks again. */
  private async claim({ jobId, signal }: Delivery): Promise<Claim | null> {
    const token = randomUUID();
    try {
      return await persistently(async () => {
        // Of the request that is answered: an outage before it must not count as time of the lease.
        const claimedAt = performance.now();
        const assignment = await this.tools.reports.claim(jobId, this.options.name, token);
        return assignment === null ? null : { assignment, claimedAt };
      }, signal);
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  private async run({ assignment, claimedAt }: Claim, { signal, freePlace }: Delivery): Promise<void> {
    const leaseEnded = this.leases.hold(assignment.lease, claimedAt);
    try {
      const taken = AbortSignal.any([signal, leaseEnded]);
      await new Attempt(this.tools, assignment, {
        taken,
        giveUp: this.giveUp.signal,
        onCommandEnded: freePlace,
      }).run();
    } finally {
      this.leases.release(assignment.lease);
    }
  }
}
