/** How often a call is tried, and how long it pauses in between. Milliseconds. */
export interface RetryPolicy {
  /** In all, the first one included; 1 or more. */
  readonly attempts: number;
  /** The longest first pause; doubled for every further one. The pause is drawn at random below it. */
  readonly baseMs: number;
  /** The longest pause that doubling leads to. */
  readonly capMs: number;
  /** The longest `Retry-After` that is waited for; a longer one ends the call as unavailable. */
  readonly maxRetryAfterMs: number;
}

export interface HttpFileStoreOptions {
  /** `http:` or `https:`; may have a path, below which `/files` lies. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** How long the other side may stay silent, in milliseconds; 60,000 where absent. */
  readonly idleTimeoutMs?: number;
  /** Absent or partly absent: {@link DEFAULT_RETRIES}. */
  readonly retries?: Partial<RetryPolicy>;
}

export const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

export const DEFAULT_RETRIES: RetryPolicy = {
  attempts: 5,
  baseMs: 200,
  capMs: 5_000,
  maxRetryAfterMs: 60_000,
};
