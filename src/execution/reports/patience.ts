/** Several servers, each asked by a kept connection and by a new one, must have had their turn before a lease ends. */
const SHARE_OF_LEASE = 1 / 8;
const LEAST_MS = 250;

/** How long a server may take to answer. */
export class Patience {
  /** @param mostMs all that holds until the length of a lease is known */
  constructor(
    private readonly mostMs: number,
    private currentMs = mostMs,
  ) {}

  get ms(): number {
    return this.currentMs;
  }

  /** @param leaseMs how long a lease lasts after a sign of life */
  fitInto(leaseMs: number): void {
    this.currentMs = Math.min(this.mostMs, Math.max(LEAST_MS, leaseMs * SHARE_OF_LEASE));
  }
}
