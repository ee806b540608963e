/** A statement and what its placeholders (`?`) stand for. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * Whether a change must survive a power cut when its caller goes on. Every change survives the end of the process.
 * MySQL makes no difference: there all are durable.
 */
export type Durability = 'durable' | 'soon durable';

/** Runs statements on the driver's own connection; rejects with the driver's errors. */
export interface Engine {
  rows(statement: Statement): Promise<unknown[]>;
  /** Runs all of `statements` or none; resolves with how many rows they changed, when that is committed. */
  write(statements: readonly Statement[], durability: Durability): Promise<number>;
}
