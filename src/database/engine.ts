import { type Durability, type Statement } from '../sqlite/statement.js';

export { type Durability, type Statement } from '../sqlite/statement.js';

/** Runs statements on the driver's own connection; rejects with the driver's errors. */
export interface Engine {
  rows(statement: Statement): Promise<unknown[]>;
  /** Runs all of `statements` or none; resolves with how many rows they changed, when that is committed. */
  write(statements: readonly Statement[], durability: Durability): Promise<number>;
}
