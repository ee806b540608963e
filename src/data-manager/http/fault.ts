/** What went wrong on the way and may go right the next time. */
export class Fault extends Error {
  /** @param retryAfterMs how long the server asked us to wait, in milliseconds */
  constructor(
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Fault';
  }
}
