import { type Launcher, type LaunchRequest, type ProcessEnd } from '../runner/launcher.js';

export interface CommandLimits {
  /** Seconds of run time, or null. */
  readonly timeoutSeconds: number | null;
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly killGraceMs: number;
  /** Ends the command when it aborts. */
  readonly taken: AbortSignal;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Runs one command to its end. Resolves when nothing of it is alive any more. */
export async function runCommand(
  launcher: Launcher,
  request: LaunchRequest,
  { timeoutSeconds, killGraceMs, taken }: CommandLimits,
): Promise<{ end: ProcessEnd; timedOut: boolean }> {
  taken.throwIfAborted();
  const process = await launcher.launch(request);
  const stop = (): void => {
    process.stop(killGraceMs);
  };
  let timedOut = false;
  const timer = new LongTimer(timeoutSeconds, () => {
    timedOut = true;
    stop();
  });
  taken.addEventListener('abort', stop, { once: true });
  if (taken.aborted) stop();
  try {
    return { end: await process.ended, timedOut };
  } finally {
    timer.cancel();
    taken.removeEventListener('abort', stop);
  }
}

/** Fires once after a time that may lie beyond what one `setTimeout` holds (2^31 ms). */
class LongTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(seconds: number | null, action: () => void) {
    if (seconds !== null) this.arm(seconds * 1_000, action);
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
