import { type Connection, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { promisify } from 'node:util';
import { type Engine, type Statement } from './engine.js';

const DEADLOCK_TRIES = 10;

/** Straight to the pool of connections: each statement is a transaction of its own where it stands alone. */
export class MysqlEngine implements Engine {
  constructor(private readonly pool: Pool) {}

  async rows(statement: Statement): Promise<unknown[]> {
    return (await query(this.pool, statement)) as unknown[];
  }

  /** Whoever loses a deadlock has changed nothing, and may try again at once. */
  async write(statements: readonly Statement[]): Promise<number> {
    for (let triesLeft = DEADLOCK_TRIES; ; triesLeft -= 1) {
      try {
        return await this.writeOnce(statements);
      } catch (error) {
        if (!isDeadlock(error) || triesLeft <= 1) throw error;
      }
    }
  }

  private async writeOnce(statements: readonly Statement[]): Promise<number> {
    const [only, ...others] = statements;
    if (only !== undefined && others.length === 0) return change(this.pool, only);
    const connection = await promisify(this.pool.getConnection.bind(this.pool))();
    try {
      return await transact(connection, statements);
    } finally {
      connection.release();
    }
  }
}

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_LOCK_DEADLOCK';
}

async function transact(connection: PoolConnection, statements: readonly Statement[]): Promise<number> {
  await query(connection, { sql: 'START TRANSACTION', parameters: [] });
  try {
    let changes = 0;
    for (const statement of statements) changes += await change(connection, statement);
    await query(connection, { sql: 'COMMIT', parameters: [] });
    return changes;
  } catch (error) {
    // Whatever became of the connection, none of it may be committed by whoever gets it next.
    connection.destroy();
    throw error;
  }
}

async function change(target: Pool | Connection, statement: Statement): Promise<number> {
  return ((await query(target, statement)) as ResultSetHeader).affectedRows;
}

/** By callback: mysql2's own promises take a stack trace for each statement, which costs more than sending it. */
function query(target: Pool | Connection, { sql, parameters }: Statement): Promise<unknown> {
  return new Promise((resolve, reject) => {
    target.query(sql, [...parameters], (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
