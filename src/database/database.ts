import { type OnApplicationShutdown } from '@nestjs/common';
import { type Pool } from 'mysql2';
import { type DataSource } from 'typeorm';
import { type SqliteConnection } from '../sqlite/connection.js';
import { SqliteEngine } from '../sqlite/sqlite-engine.js';
import { type DatabasePool, type PoolState } from './database-pool.port.js';
import { type Dialect, dialectOfType } from './dialect.js';
import { type CountUp, type Durability, type Engine, type Statement } from './engine.js';
import { reachingDatabase, tellingFailures } from './failure.js';
import { MysqlEngine } from './mysql-engine.js';
import { settleSessions } from './mysql-sessions.js';
import { watchForSilence } from './mysql-watch.js';

/** Longer than any statement of ours takes, after the migrations. */
const SILENCE_MS = 10_000;
/** With a transaction of the host's that is open on the same SQLite file. */
const PATIENCE_MS = 5_000;

/**
 * The way past TypeORM's query runner, on TypeORM's own connections, for what every job needs. Every method throws
 * `DomainError('unavailable')` while the database is away.
 */
export class Database implements DatabasePool, OnApplicationShutdown {
  readonly dialect: Dialect;
  private readonly engine: Engine;
  private readonly reaching: <T>(statement: () => Promise<T>) => Promise<T>;

  /**
   * @param source an initialized one
   * @param hasNeighbours whether others of this process write to the same SQLite file
   */
  constructor(
    readonly source: DataSource,
    hasNeighbours = false,
  ) {
    this.dialect = dialectOfType(source.options.type);
    this.engine = this.dialect === 'mysql' ? mysqlEngineOf(source) : sqliteEngineOf(source, hasNeighbours);
    // SQLite's answer is made in this process: nothing can keep it away that a timer would see.
    this.reaching = this.dialect === 'mysql' ? reachingDatabase : tellingFailures;
  }

  rows<Row>(statement: Statement): Promise<Row[]> {
    return this.reaching(() => this.engine.rows(statement) as Promise<Row[]>);
  }

  /** The ids that a statement selects as `id`, the last in their order first: on MySQL it must say so itself. */
  async ids({ sql, parameters }: Statement): Promise<string[]> {
    if (this.dialect === 'mysql')
      return (await this.rows<{ id: string }>({ sql, parameters })).map(({ id }) => id);
    // The driver makes one row with a hundred ids in a third of the time of a hundred rows.
    const joined = `SELECT group_concat(id ORDER BY id DESC) AS ids FROM (${sql})`;
    const [row] = await this.rows<{ ids: string | null }>({ sql: joined, parameters });
    return row?.ids?.split(',') ?? [];
  }

  /** Runs one statement that changes rows; resolves with how many. */
  change(statement: Statement, durability: Durability): Promise<number> {
    return this.reaching(() => this.engine.write([statement], durability));
  }

  /** An assignment for {@link countUp}. */
  countingUp(column: string): string {
    return this.dialect === 'mysql'
      ? `${column} = LAST_INSERT_ID(${column} + 1)`
      : `${column} = ${column} + 1`;
  }

  /** Resolves with the count, or null where no row was changed. */
  countUp(asked: CountUp, durability: Durability): Promise<number | null> {
    return this.reaching(() => this.engine.countUp(asked, durability));
  }

  /** Runs all of `statements` or none; resolves with how many rows they changed. */
  atomically(statements: readonly Statement[], durability: Durability): Promise<number> {
    return this.reaching(() => this.engine.write(statements, durability));
  }

  poolState(): PoolState {
    return this.engine.poolState();
  }

  onApplicationShutdown(): void {
    this.engine.close?.();
  }

  /** Rejects while no statement can be run. */
  async ping(): Promise<void> {
    await this.rows({ sql: 'SELECT 1', parameters: [] });
  }
}

// TypeORM's drivers keep their connections as public fields, which its common type of a driver does not tell.

function mysqlEngineOf({ driver }: DataSource): Engine {
  const { pool } = driver as unknown as { pool: Pool };
  watchForSilence(pool, SILENCE_MS);
  settleSessions(pool);
  return new MysqlEngine(pool);
}

function sqliteEngineOf({ driver }: DataSource, hasNeighbours: boolean): Engine {
  const { databaseConnection } = driver as unknown as { databaseConnection: SqliteConnection };
  return new SqliteEngine(databaseConnection, { patienceMs: hasNeighbours ? PATIENCE_MS : 0 });
}
