import { Logger } from '@nestjs/common';
import { type Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';

const AFTER_FAULT_MS = 1_000;
/** Between two runs: what is due but can't be settled must not make it spin. */
const SHORTEST_PAUSE_MS = 10;

export interface DueWorkOptions {
  /** For the log. */
  readonly name: string;
  readonly clock: Clock;
  /** Ms; also bounds what a timer is asked for: `setTimeout` overflows at 2^31. */
  readonly longestSleepMs: number;
  /** When something is due next, in milliseconds since the epoch; null: nothing is known of. */
  readonly next: () => Promise<number | null>;
  /** Does what is due at `now`; `stopping` aborts when no more should be begun. */
  readonly work: (now: number, stopping: AbortSignal) => Promise<void>;
}

/**
 * Does work when the database says that it is due: sleeps until the earliest, does it, asks again. One run at a
 * time. While the database is away it tries again each second.
 */
export class DueWork {
  private readonly logger = new Logger('DueWork');
  private timer: NodeJS.Timeout | undefined;
  private wakeAt = Number.POSITIVE_INFINITY;
  private running: Promise<void> | undefined;
  private state: 'new' | 'started' | 'stopped' = 'new';
  private faulty = false;
  private readonly stopping = new AbortController();

  constructor(private readonly options: DueWorkOptions) {}

  /** Begins with a look at what was due before the process started. */
  start(): void {
    this.state = 'started';
    this.expectAt(this.options.clock.now());
  }

  /** Says that something is due at `at`: earlier than what is waited for, it counts. */
  expectAt(at: number): void {
    if (this.state !== 'started' || at >= this.wakeAt) return;
    this.wakeAt = at;
    clearTimeout(this.timer);
    const sleep = Math.min(Math.max(0, at - this.options.clock.now()), this.options.longestSleepMs);
    this.timer = setTimeout(() => {
      this.wake();
    }, sleep);
    this.timer.unref();
  }

  /** As {@link expectAt}, in so many ms. */
  expectIn(ms: number): void {
    this.expectAt(this.options.clock.now() + ms);
  }

  /** Resolves when no work is under way any more. */
  async stop(): Promise<void> {
    this.state = 'stopped';
    this.stopping.abort(new Error('the service stops'));
    clearTimeout(this.timer);
    await this.running;
  }

  private wake(): void {
    this.running = (this.running ?? Promise.resolve()).then(() => this.runOnce());
  }

  private async runOnce(): Promise<void> {
    if (this.state !== 'started') return;
    this.wakeAt = Number.POSITIVE_INFINITY;
    const { clock, longestSleepMs, next, work } = this.options;
    try {
      await work(clock.now(), this.stopping.signal);
      const at = (await next()) ?? Number.POSITIVE_INFINITY;
      this.expectAt(Math.max(at, clock.now() + SHORTEST_PAUSE_MS));
      this.expectAt(clock.now() + longestSleepMs);
      this.faulty = false;
    } catch (error) {
      this.report(error);
      this.expectAt(clock.now() + AFTER_FAULT_MS);
    }
  }

  private report(error: unknown): void {
    if (!this.faulty)
      this.logger.warn(`${this.options.name} is held up, trying again each second: ${messageOf(error)}`);
    this.faulty = true;
  }
}
