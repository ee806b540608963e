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
