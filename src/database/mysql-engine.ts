import { type Connection, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { promisify } from 'node:util';
import { type Engine, type Statement } from './engine.js';

/** Straight to the pool of connections: each statement is a transaction of its own where it stands alone. */
export class MysqlEngine implements Engine {
  constructor(private readonly pool: Pool) {}

  async rows(statement: Statement): Promise<unknown[]> {
    return (await query(this.pool, statement)) as unknown[];
  }

  async write(statements: readonly Statement[]): Promise<number> {
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
