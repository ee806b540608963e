import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** Milliseconds until the wait is given up; 10,000 where absent. */
  readonly withinMs?: number;
  /** Milliseconds between two tries; 20 where absent. */
  readonly everyMs?: number;
}

/**
 * Tries `assertion` until it passes, and resolves with what it returned.
 *
 * @throws Error that tells the last failure, once `withinMs` have passed
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 20 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) throw givenUp(withinMs, error);
    }
    await delay(everyMs);
  }
}

function givenUp(withinMs: number, error: unknown): Error {
  const last = error instanceof Error ? error.message : String(error);
  return new Error(`still not so after ${withinMs} ms: ${last}`, { cause: error });
}
