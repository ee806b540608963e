import { monotonicNow } from './clock.js';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * When something must end, on the machine's monotonic clock, however long from now; it may move until it has passed, or
 * never come.
 */
export class Deadline {
  private timer: NodeJS.Timeout | undefined;
  private onPassed: (() => void) | null = null;

  /** @param time ms of {@link monotonicNow}, or null: never */
  constructor(private time: number | null) {}

  get passed(): boolean {
    return this.time !== null && this.time <= monotonicNow();
  }

  /** Calls `onPassed` once, when it has passed, be that at once. */
  watch(onPassed: () => void): void {
    this.onPassed = onPassed;
    this.look();
  }

  /** It then holds from this time on, which may lie in the past. */
  move(time: number): void {
    this.time = time;
    this.look();
  }

  /** Nobody is told any more. */
  cancel(): void {
    clearTimeout(this.timer);
    this.onPassed = null;
  }

  private look(): void {
    clearTimeout(this.timer);
    const { onPassed, time } = this;
    if (onPassed === null || time === null) return;
    if (this.passed) {
      this.cancel();
      onPassed();
      return;
    }
    // A timer may fire a little early, and can't hold a long time: look at the clock again.
    const left = Math.ceil(time - monotonicNow());
    this.timer = setTimeout(
      () => {
        this.look();
      },
      Math.min(left, LONGEST_TIMER_MS),
    );
  }
}

/**
 * Does `work` with a signal that aborts after `ms`, or as `outer` does. `AbortSignal.any` would leave something at `outer` for as
 * long as that lives (Node 20).
 */
export async function withTimeLimit<T>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const overdue = new AbortController();
  const abort = (): void => {
    overdue.abort(outer.aborted ? outer.reason : new Error(`not done within ${ms} ms`));
  };
  if (outer.aborted) abort();
  const timer = setTimeout(abort, ms);
  outer.addEventListener('abort', abort);
  try {
    return await work(overdue.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', abort);
  }
}
