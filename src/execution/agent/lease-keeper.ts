import { Logger } from '@nestjs/common';
import { messageOf } from '../../kernel/errors.js';
import { type JobReports, type Lease } from '../job-reports.port.js';

interface Held {
  readonly lease: Lease;
  readonly abort: AbortController;
  /** On the monotonic clock, in ms: the sign of life that was last acknowledged was sent then. */
  renewedAt: number;
}

/**
 * Gives signs of life for all that the agent holds, and ends what it holds no more: because the database
 * says so, or because it could not be asked until the lease ended, after which somebody else may run the job.
 */
export class LeaseKeeper {
  private readonly logger = new Logger('Agent');
  private readonly held = new Map<string, Held>();
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;

  /** @param leaseMs how long a lease lasts after a sign of life; several are given in that time */
  constructor(
    private readonly reports: JobReports,
    private readonly leaseMs: number,
  ) {}

  start(): void {
    this.timer = setInterval(() => {
      this.tick();
    }, this.leaseMs / 4);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Aborts, with `lease-ended` as its reason, when the lease must be taken for lost. */
  hold(lease: Lease, claimedAt: number): AbortSignal {
    const abort = new AbortController();
    this.held.set(lease.token, { lease, abort, renewedAt: claimedAt });
    return abort.signal;
  }

  release(lease: Lease): void {
    this.held.delete(lease.token);
  }

  private tick(): void {
    this.endOverdue();
    this.renewing ??= this.renewAll().finally(() => {
      this.renewing = undefined;
    });
  }

  private async renewAll(): Promise<void> {
    const asked = [...this.held.values()];
    const sentAt = performance.now();
    try {
      const stillHeld = new Set(await this.reports.renew(asked.map(({ lease }) => lease)));
      for (const held of asked) {
        if (stillHeld.has(held.lease.jobId)) held.renewedAt = sentAt;
        else this.end(held);
      }
    } catch (error) {
      this.logger.warn(`no sign of life could be given: ${messageOf(error)}`);
    }
  }

  /** Looks at the clock alone: an answer that never comes must not keep a lost job running. */
  private endOverdue(): void {
    const now = performance.now();
    for (const held of this.held.values()) if (now - held.renewedAt >= this.leaseMs) this.end(held);
  }

  private end(held: Held): void {
    if (this.held.has(held.lease.token)) held.abort.abort('lease-ended');
  }
}
