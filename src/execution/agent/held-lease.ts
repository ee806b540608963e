import { Deadline } from '../../kernel/deadline.js';
import { type Lease } from '../job-reports.port.js';
import { StopToken } from '../stop-token.js';

/** At most so much of a lease, and at most so many ms, are left for killing what runs before somebody else may start it. */
const MARGIN = { share: 0.2, ms: 2_000 };

/** When to end what runs under a lease that was granted or extended by an answer to what was sent at `sentAt`. */
export function safeEndOf(sentAt: number, leaseMs: number): number {
  return sentAt + leaseMs - Math.min(MARGIN.ms, leaseMs * MARGIN.share);
}

/** A lease as its holder knows it: it ends by the clock, unless it is extended in time. */
export class HeldLease {
  private readonly deadline: Deadline;
  private onExtended: (endsAt: number) => void = () => undefined;

  /**
   * @param safeEnd ms of `monotonicNow()`: by then nothing may run any more that counts on it
   * @param confirmedAt when that was asked which was answered last
   */
  constructor(
    readonly lease: Lease,
    private safeEnd: number,
    public confirmedAt: number,
  ) {
    this.deadline = new Deadline(safeEnd);
    this.deadline.watch(() => {
      this.end();
    });
  }

  /**
   * Aborts when what runs under it must end: with `lease-ended` when the lease must be taken for lost, with `recalled` when it
   * is known why, and with what {@link interrupt} was told.
   */
  readonly ended = new StopToken();

  get endsAt(): number {
    return this.safeEnd;
  }

  extend(safeEnd: number, confirmedAt: number): void {
    this.confirmedAt = confirmedAt;
    // A server that was told to wait less long has the say; one that answers late has not.
    this.safeEnd = safeEnd;
    this.deadline.move(safeEnd);
    this.onExtended(safeEnd);
  }

  /** From now on `listener` hears when the end moves; it replaces the one before. */
  watch(listener: (endsAt: number) => void): void {
    this.onExtended = listener;
  }

  /**
   * The server says so. While the lease would still hold, nobody else was given the job: it was cancelled, deleted or has
   * expired, and there is time to end it gently.
   */
  takenAway(): void {
    this.release();
    this.ended.abort('recalled');
  }

  /** What runs under it must end, for another reason than its own; it goes on until then. */
  interrupt(why: unknown): void {
    this.ended.abort(why);
  }

  /** Nothing depends on it any more. */
  release(): void {
    this.deadline.cancel();
    this.onExtended = () => undefined;
  }

  private end(): void {
    this.release();
    this.ended.abort('lease-ended');
  }
}
