/** The connections to the database just now. SQLite has one, in this process, which nobody waits for. */
export interface PoolState {
  readonly open: number;
  /** Of those, the ones that are in use. */
  readonly busy: number;
  /** Statements for which there is no connection yet. */
  readonly waiting: number;
}

/** Whoever has them. */
export abstract class DatabasePool {
  abstract poolState(): PoolState;
}
