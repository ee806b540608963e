import { Logger } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import { type AgentCard, type JobReports, type Lease } from '../job-reports.port.js';
import { HeldLease, safeEndOf } from './held-lease.js';

/** Signs of life that fit into a lease. */
const SIGNS_PER_LEASE = 4;
const LONGEST_PAUSE_MS = 1_000;
/** A grant takes longer only where the database is slow, or this process or the server stood still. */
export const FRESH_MS = 250;

export interface LeaseKeeperOptions {
  readonly card: () => AgentCard;
  /** As a consumer tells it: while nobody would say that a job was taken away, it is asked each second. */
  readonly hearingSince: () => number | null;
}

/**
 * Gives signs of life for the agent and all that it holds, and ends what it holds no more: because the database
 * says so, or because it could not be asked until the lease ended, after which somebody else may run the job.
 */
export class LeaseKeeper {
  private readonly logger = new Logger('Agent');
  private readonly held = new Map<string, HeldLease>();
  /** As the server said it last; before that, what is usual. */
  private leaseMs = 30_000;
  /** When what was asked and answered last was asked. */
  private askedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;

  constructor(
    private readonly reports: JobReports,
    private readonly options: LeaseKeeperOptions,
  ) {}

  start(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        this.tick();
        this.start();
      },
      Math.min(LONGEST_PAUSE_MS, this.pauseMs),
    );
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /**
   * @param sentAt when the claim was sent that was granted, in ms of {@link monotonicNow}
   * @param leaseMs how long the lease lasts from then on
   */
  hold(lease: Lease, sentAt: number, leaseMs: number): HeldLease {
    const held = new HeldLease(lease, safeEndOf(sentAt, leaseMs), sentAt);
    this.held.set(lease.token, held);
    if (leaseMs < this.leaseMs) {
      this.leaseMs = leaseMs;
      this.start();
    }
    return held;
  }

  /** Asks whether it is still held, where that was long ago: this process may have stood still, and the job be cancelled meanwhile. */
  async confirm({ confirmedAt }: HeldLease): Promise<void> {
    if (monotonicNow() - confirmedAt < FRESH_MS) return;
    // What is under way may have been asked before.
    await this.renewing;
    await this.renew();
  }

  release({ lease }: HeldLease): void {
    this.held.get(lease.token)?.release();
    this.held.delete(lease.token);
  }

  private get pauseMs(): number {
    return this.leaseMs / SIGNS_PER_LEASE;
  }

  private tick(): void {
    if (this.isDue() || this.mayHaveMissed()) void this.renew();
  }

  private renew(): Promise<void> {
    this.renewing ??= this.renewAll().finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  private isDue(): boolean {
    // A tick may come a little early; the next one would be late.
    return monotonicNow() - this.askedAt >= this.pauseMs * 0.9;
  }

  private mayHaveMissed(): boolean {
    const since = this.options.hearingSince();
    return this.held.size > 0 && (since === null || since > this.askedAt);
  }

  private async renewAll(): Promise<void> {
    const asked = [...this.held.values()];
    const sentAt = monotonicNow();
    try {
      const leases = asked.map(({ lease }) => lease);
      const { held, leaseMs } = await this.reports.renew(this.options.card(), leases);
      this.askedAt = sentAt;
      this.leaseMs = leaseMs;
      this.settle(asked, new Set(held), { sentAt, safeEnd: safeEndOf(sentAt, leaseMs) });
    } catch (error) {
      this.logger.warn(`no sign of life could be given: ${messageOf(error)}`);
    }
  }

  private settle(
    asked: readonly HeldLease[],
    stillHeld: ReadonlySet<string>,
    { sentAt, safeEnd }: { readonly sentAt: number; readonly safeEnd: number },
  ): void {
    for (const held of asked) {
      if (!this.held.has(held.lease.token) || held.ended.aborted) continue;
      if (stillHeld.has(held.lease.jobId)) held.extend(safeEnd, sentAt);
      else held.takenAway();
    }
  }
}
