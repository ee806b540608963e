import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { Deadline } from '../../kernel/deadline.js';
import { messageOf } from '../../kernel/errors.js';
import { type Consumer, type Delivery, type JobFeed, type Run } from '../job-dispatcher.port.js';
import { type AgentCard, type Assignment } from '../job-reports.port.js';
import { type LimitName } from '../limits.port.js';
import { StopToken } from '../stop-token.js';
import { Attempt, type AttemptTools } from './attempt.js';
import { LeaseKeeper } from './lease-keeper.js';
import { persistently } from './persistently.js';

export interface AgentOptions {
  /** Without what its launcher tells at the start. */
  readonly card: Omit<AgentCard, 'enforces'>;
  /** Ms that running jobs get at the end of the process. */
  readonly shutdownGraceMs: number;
}

interface Claim {
  readonly assignment: Assignment;
  /** Ms of {@link monotonicNow}. */
  readonly sentAt: number;
}

/** After the last job was interrupted, its end is told for so long, then the next start finds it. */
const LAST_REPORTS_MS = 5_000;
/** What has not ended by then can't be killed: it is frozen, or waits for a disk that is away. */
const KILLED_WITHIN_MS = 1_000;

/** Takes jobs from the queue, asks for leave to run each, and runs those it got it for. */
export class Agent {
  private readonly logger = new Logger('Agent');
  private readonly leases: LeaseKeeper;
  private readonly giveUp = new StopToken();
  private consumer: Consumer | undefined;
  private isWaiting = false;
  private card: AgentCard;

  constructor(
    private readonly feed: JobFeed,
    private readonly tools: AttemptTools,
    private readonly options: AgentOptions,
  ) {
    const hearingSince = (): number | null => this.consumer?.hearingSince() ?? null;
    this.card = { ...options.card, enforces: [] };
    this.leases = new LeaseKeeper(tools.reports, { card: () => this.card, hearingSince });
  }

  /**
   * Nothing of an earlier process of this agent may be alive any more. Waits for a database that is away.
   * @param enforces what its launcher can hold jobs to
   */
  async start(enforces: readonly LimitName[]): Promise<void> {
    this.card = { ...this.card, enforces };
    const { card } = this;
    await persistently(() => this.arrive(), this.giveUp);
    this.leases.start();
    this.tools.outputs.open(card.name);
    this.consumer = this.feed.consume(card.concurrency, (delivery) => this.take(delivery));
    const labelled = card.labels.length === 0 ? '' : `, labelled ${card.labels.join(', ')}`;
    this.logger.log(`agent ${card.name} runs ${card.concurrency} jobs at once${labelled}`);
  }

  private async arrive(): Promise<void> {
    try {
      await this.tools.reports.arrived(this.card);
    } catch (error) {
      if (!this.isWaiting) this.logger.warn(`can't begin yet, trying again: ${messageOf(error)}`);
      this.isWaiting = true;
      throw error;
    }
  }

  /** Takes nothing more; what runs may end in time, and goes back to the queue otherwise. */
  async drain(): Promise<void> {
    const { shutdownGraceMs } = this.options;
    const lastMoment = shutdownGraceMs + this.tools.options.killGraceMs + LAST_REPORTS_MS;
    const timer = setTimeout(() => {
      this.giveUp.abort(new Error('the process ends'));
    }, lastMoment);
    const overdue = delay(lastMoment + KILLED_WITHIN_MS, undefined, { ref: false });
    await Promise.race([this.consumer?.drain(shutdownGraceMs), overdue]);
    clearTimeout(timer);
    this.leases.stop();
    await this.tools.outputs.close();
    await this.sayGoodbye();
  }

  /** Whoever looks at the list of agents need not wait until this one is taken for lost. */
  private async sayGoodbye(): Promise<void> {
    try {
      await this.tools.reports.left(this.card);
    } catch (error) {
      this.logger.warn(`could not say goodbye: ${messageOf(error)}`);
    }
  }

  private async take(delivery: Delivery): Promise<Run | null> {
    const claim = await this.claim(delivery);
    return claim === null ? null : { ended: this.runToItsEnd(claim, delivery) };
  }

  private async runToItsEnd(claim: Claim, delivery: Delivery): Promise<void> {
    try {
      await this.run(claim, delivery);
    } catch (error) {
      if (delivery.stop.aborted || this.giveUp.aborted) return;
      // The lease ends by itself: then the job is put back, here or elsewhere.
      this.logger.error({
        jobId: delivery.jobId,
        err: error,
        msg: 'an attempt could not be brought to its end',
      });
    }
  }

  /** Null where the job is not to be run. Rejects where that could not be learned: the queue then asks again. */
  private async claim({ jobId, stop }: Delivery): Promise<Claim | null> {
    const token = randomUUID();
    try {
      return await persistently(async () => {
        // Of the request that is answered: an outage before it must not count as time of the lease.
        const sentAt = monotonicNow();
        const assignment = await this.tools.reports.claim(jobId, this.options.card.name, token);
        return assignment === null ? null : { assignment, sentAt };
      }, stop);
    } catch (error) {
      if (stop.aborted) return null;
      throw error;
    }
  }

  private async run({ assignment, sentAt }: Claim, { stop, freePlace }: Delivery): Promise<void> {
    const lease = this.leases.hold(assignment.lease, sentAt, assignment.leaseMs);
    // Whoever granted the job may not be there to take it back.
    const expiry = new Deadline(assignment.expiresInMs === null ? null : sentAt + assignment.expiresInMs);
    expiry.watch(() => {
      lease.interrupt('recalled');
    });
    stop.onAbort(() => {
      lease.interrupt(stop.reason);
    });
    try {
      await new Attempt(this.tools, assignment, {
        taken: lease.ended,
        lease,
        confirm: () => this.leases.confirm(lease),
        giveUp: this.giveUp,
        onCommandEnded: freePlace,
      }).run();
    } finally {
      expiry.cancel();
      this.leases.release(lease);
    }
  }
}
