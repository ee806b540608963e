import { type CountUp, type Durability, type Statement } from '../sqlite/statement.js';
import { type PoolState } from './database-pool.port.js';

export { type CountUp, type Durability, type Statement } from '../sqlite/statement.js';

/** Runs statements on the driver's own connection; rejects with the driver's errors. */
export interface Engine {
  rows(statement: Statement): Promise<unknown[]>;
  /** Runs all of `statements` or none; resolves with how many rows they changed, when that is committed. */
  write(statements: readonly Statement[], durability: Durability): Promise<number>;
  /** Resolves with the count, or null where no row was changed. */
  countUp(asked: CountUp, durability: Durability): Promise<number | null>;
  poolState(): PoolState;
  /** Gives back what it holds beside the connections, which TypeORM closes. */
  close?(): void;
}
