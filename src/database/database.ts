import { type DataSource } from 'typeorm';
import { type Dialect, dialectOfType } from './dialect.js';
import { reachingDatabase } from './failure.js';

/** A statement and what its placeholders (`?`) stand for. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

interface SyncSqlite {
  prepare(sql: string): { run(...parameters: unknown[]): unknown };
  transaction(body: () => void): () => void;
}

/** The few things that TypeORM does differently on the two dialects, said once. Every method throws
 * `DomainError('unavailable')` while the database is away. */
export class Database {
  readonly dialect: Dialect;

  constructor(readonly source: DataSource) {
    this.dialect = dialectOfType(source.options.type);
  }

  rows<Row>(statement: Statement): Promise<Row[]> {
    return reachingDatabase(() => this.source.query<Row[]>(statement.sql, [...statement.parameters]));
  }

  /** Runs one statement that changes rows; resolves with how many. */
  change(statement: Statement): Promise<number> {
    return reachingDatabase(async () => {
      const runner = this.source.createQueryRunner();
      try {
        const result = await runner.query(statement.sql, [...statement.parameters], true);
        return result.affected ?? 0;
      } finally {
        await runner.release();
      }
    });
  }

  /** Rejects while no statement can be run. */
  async ping(): Promise<void> {
    await this.rows({ sql: 'SELECT 1', parameters: [] });
  }

  /**
   * Runs all of `statements` or none. SQLite has one connection that everybody shares, so there the
   * transaction runs in one go: nothing else can slip into it.
   */
  async atomically(statements: readonly Statement[]): Promise<void> {
    await reachingDatabase(async () => {
      if (this.dialect === 'mysql') {
        await this.source.transaction(async (manager) => {
          for (const { sql, parameters } of statements) await manager.query(sql, [...parameters]);
        });
        return;
      }
      const connection = this.sqlite();
      connection.transaction(() => {
        for (const { sql, parameters } of statements) connection.prepare(sql).run(...parameters);
      })();
    });
  }

  private sqlite(): SyncSqlite {
    const driver = this.source.driver as unknown as { databaseConnection: SyncSqlite };
    return driver.databaseConnection;
  }
}
