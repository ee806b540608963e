/** What can go wrong, in stable words; `http/` alone knows which status each one becomes. */
export type ErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'gone'
  | 'too_slow'
  | 'too_large'
  | 'range_not_satisfiable'
  | 'too_many_requests'
  | 'unavailable';

/** A failure that the caller is told about, in words that say what to do. */
export class DomainError extends Error {
  /**
   * @param code stable name of the failure
   * @param message one sentence for the caller; never a secret, never an internal
   * @param retryAfterSeconds for `unavailable` and `too_many_requests`: when to try again, in seconds (1 or more)
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly retryAfterSeconds?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DomainError';
  }
}

/** The text of anything that was thrown, for a log or a wrapping error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
