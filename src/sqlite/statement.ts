/** A statement and what its placeholders (`?`) stand for. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Of an INSERT of one row: its placeholders, `(?, ?)`, with which `sql` ends, so that more rows may follow. */
  readonly row?: string;
  /** Of one in a transaction: where it changes no row, none of those after it is run. */
  readonly isCondition?: boolean;
}

/**
 * Whether a change must survive a power cut when its caller goes on. Every change survives the end of the process.
 * MySQL makes no difference: there all are durable.
 */
export type Durability = 'durable' | 'soon durable';

/** An UPDATE of at most one row that counts up a column of it. */
export interface CountUp {
  readonly update: Statement;
  readonly column: string;
  /** Names rows that it looks at and others too: those are run one after the other. */
  readonly lock?: string | undefined;
}
