/** How many jobs and agents there are just now. */
export interface Counted {
  /** Jobs that wait for an agent. */
  readonly queued: number;
  readonly staging: number;
  readonly running: number;
  /** Agents that are alive. */
  readonly agents: number;
  /** Jobs that these may run at once. */
  readonly places: number;
}

/** What is to be counted in the database, on all servers. */
export abstract class JobCounts {
  /** As of a few seconds ago at the most. Throws `DomainError('unavailable')` while the database is away. */
  abstract now(): Promise<Counted>;
}
