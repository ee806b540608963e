import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../kernel/errors.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

function isAway(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'unavailable';
}

/**
 * Repeats `action` for as long as it throws `DomainError('unavailable')`, with growing waits and jitter.
 * Rejects with any other error, and with the signal's reason once that is aborted.
 */
export async function persistently<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
      signal.throwIfAborted();
    });
  }
}
