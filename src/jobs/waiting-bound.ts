import { type Clock } from '../kernel/clock.js';

/** Counting a million takes long, counting a hundred does not: so many jobs may be counted in a millisecond. */
const JOBS_PER_MS = 1_000;

export interface WaitingBoundOptions {
  /** As many may wait. */
  readonly most: number;
  readonly count: () => Promise<number>;
  readonly clock: Clock;
  /** Other servers accept jobs too: so long, in ms, what was counted is taken for true. Undefined: there are none. */
  readonly staleAfterMs: number | undefined;
}

/**
 * How many jobs wait, as an upper bound: what was counted last, what was on its way then, and all since. It is counted again only
 * where the bound says "full", and seldom enough, so that accepting a job costs no count.
 */
export class WaitingBound {
  private bound: number | undefined;
  private arriving = 0;
  private countedAt = Number.NEGATIVE_INFINITY;
  private counting: Promise<void> | undefined;

  constructor(private readonly options: WaitingBoundOptions) {}

  /** Whether jobs are on their way that took a place. */
  get isInUse(): boolean {
    return this.arriving > 0;
  }

  /** Takes a place for a job on its way, or resolves with false where there is none. */
  async take(): Promise<boolean> {
    if (this.bound === undefined || this.isFull() || this.isStale()) await this.countAgain();
    if (this.isFull()) return false;
    this.bound = (this.bound ?? 0) + 1;
    this.arriving += 1;
    return true;
  }

  /** Says what became of a job that took a place. */
  arrived(isAccepted: boolean): void {
    this.arriving -= 1;
    // Whether the database has it all the same, the database knows.
    if (!isAccepted) this.bound = undefined;
  }

  private isFull(): boolean {
    return (this.bound ?? 0) >= this.options.most;
  }

  private isStale(): boolean {
    const { staleAfterMs, clock } = this.options;
    return staleAfterMs !== undefined && clock.now() - this.countedAt >= staleAfterMs;
  }

  private countAgain(): Promise<void> {
    const sinceCounted = this.options.clock.now() - this.countedAt;
    if (this.bound !== undefined && sinceCounted < this.options.most / JOBS_PER_MS) return Promise.resolve();
    this.counting ??= this.count().finally(() => {
      this.counting = undefined;
    });
    return this.counting;
  }

  private async count(): Promise<void> {
    const { arriving } = this;
    this.bound = (await this.options.count()) + arriving;
    this.countedAt = this.options.clock.now();
  }
}
