import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../kernel/errors.js';
import { type StopToken } from '../stop-token.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** A data manager that forbids it may be set up wrongly, and mended; who has lost his lease is told of that elsewhere. */
export function maySucceedLater(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'unavailable' || error.code === 'forbidden');
}

/**
 * Repeats `action` while it throws what {@link maySucceedLater}, with growing waits and jitter, for at least
 * `patienceMs`. Rejects with the last error then, with any other error, and with the reason of `stop` once that
 * is aborted.
 */
export async function persistently<T>(
  action: () => Promise<T>,
  stop: StopToken,
  patienceMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  const begun = performance.now();
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    stop.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (!maySucceedLater(error) || performance.now() - begun >= patienceMs) throw error;
    }
    await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal: stop.signal }).catch(() => {
      stop.throwIfAborted();
    });
  }
}
