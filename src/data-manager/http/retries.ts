import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '../../kernel/errors.js';
import { Fault } from './fault.js';
import { type RetryPolicy } from './http-file-store.options.js';

/** The attempts of one call. */
export class Retries {
  private used = 1;

  constructor(
    private readonly policy: RetryPolicy,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * To be called with what an attempt failed with. Resolves when the next one may begin.
   * @throws what it was given where that is final, `DomainError('unavailable')` where no attempt is left
   */
  async next(failure: unknown): Promise<void> {
    this.signal?.throwIfAborted();
    if (!(failure instanceof Fault)) throw failure;
    const tooLong = (failure.retryAfterMs ?? 0) > this.policy.maxRetryAfterMs;
    if (tooLong || this.used >= this.policy.attempts) throw unavailable(failure);
    const pause = Math.max(this.backoff(), failure.retryAfterMs ?? 0);
    this.used += 1;
    await delay(pause, undefined, this.signal && { signal: this.signal }).catch(() => undefined);
    this.signal?.throwIfAborted();
  }

  /** Full jitter: clients that failed together don't come back together. */
  private backoff(): number {
    const { baseMs, capMs } = this.policy;
    return Math.random() * Math.min(capMs, baseMs * 2 ** (this.used - 1));
  }
}

/** Repeats `attempt` until it resolves or its failure is final. */
export async function retrying<T>(retries: Retries, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (failure) {
      await retries.next(failure);
    }
  }
}

function unavailable(fault: Fault): DomainError {
  const seconds = fault.retryAfterMs === undefined ? undefined : Math.ceil(fault.retryAfterMs / 1_000);
  const message = `The data manager is unavailable: ${fault.message}`;
  return new DomainError('unavailable', message, seconds, { cause: fault });
}
