import { type Pool } from 'mysql2';
import { type DataSource } from 'typeorm';
import { type Dialect, dialectOfType } from './dialect.js';
import { type Durability, type Engine, type Statement } from './engine.js';
import { reachingDatabase } from './failure.js';
import { MysqlEngine } from './mysql-engine.js';
import { watchForSilence } from './mysql-watch.js';
import { type SqliteConnection, SqliteEngine } from './sqlite-engine.js';

/** Longer than any statement of ours takes, after the migrations. */
const SILENCE_MS = 10_000;

/**
 * The way past TypeORM's query runner, on TypeORM's own connections, for what every job needs. Every method throws
 * `DomainError('unavailable')` while the database is away.
 */
export class Database {
  readonly dialect: Dialect;
  private readonly engine: Engine;

  /** @param source an initialized one */
  constructor(readonly source: DataSource) {
    this.dialect = dialectOfType(source.options.type);
    this.engine = engineOf(source, this.dialect);
  }

  rows<Row>(statement: Statement): Promise<Row[]> {
    return reachingDatabase(() => this.engine.rows(statement) as Promise<Row[]>);
  }

  /** Runs one statement that changes rows; resolves with how many. */
  change(statement: Statement, durability: Durability): Promise<number> {
    return reachingDatabase(() => this.engine.write([statement], durability));
  }

  /** Runs all of `statements` or none. */
  async atomically(statements: readonly Statement[], durability: Durability): Promise<void> {
    await reachingDatabase(() => this.engine.write(statements, durability));
  }

  /** Rejects while no statement can be run. */
  async ping(): Promise<void> {
    await this.rows({ sql: 'SELECT 1', parameters: [] });
  }
}

function engineOf(source: DataSource, dialect: Dialect): Engine {
  // TypeORM's drivers keep these as public fields, which its common type of a driver does not tell.
  if (dialect === 'mysql') {
    const { pool } = source.driver as unknown as { pool: Pool };
    watchForSilence(pool, SILENCE_MS);
    return new MysqlEngine(pool);
  }
  const { databaseConnection } = source.driver as unknown as { databaseConnection: SqliteConnection };
  return new SqliteEngine(databaseConnection);
}
