const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Fires once after a time that may lie beyond what one `setTimeout` holds (2^31 ms). */
export class LongTimer {
  private timer: NodeJS.Timeout | undefined;

  /** @param ms null: never */
  constructor(ms: number | null, action: () => void) {
    if (ms !== null) this.arm(ms, action);
  }

  cancel(): void {
    clearTimeout(this.timer);
  }

  private arm(remainingMs: number, action: () => void): void {
    const step = Math.min(remainingMs, LONGEST_TIMER_MS);
    this.timer = setTimeout(() => {
      if (remainingMs > step) this.arm(remainingMs - step, action);
      else action();
    }, step);
  }
}
