import { type Connection, type Pool, type PoolConnection, type ResultSetHeader } from 'mysql2';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KeyedLock } from '../kernel/keyed-lock.js';
import { type PoolState } from './database-pool.port.js';
import { type CountUp, type Engine, type Statement } from './engine.js';
import { isDatabaseAway } from './failure.js';
import { GroupedInserts, type RowInsert } from './mysql-inserts.js';

type PoolQueues = Readonly<
  Record<'_allConnections' | '_freeConnections' | '_connectionQueue', { length: number }>
>;

const DEADLOCK_TRIES = 20;
const LONGEST_PAUSE_MS = 64;

/**
 * Straight to the pool of connections: each statement is a transaction of its own where it stands alone. Rows that are
 * inserted at once share one.
 */
export class MysqlEngine implements Engine {
  private readonly inserts = new GroupedInserts({
    run: (statement) => persistently(() => this.writeOnce([statement])),
    isRefusal,
  });

  private readonly locks = new KeyedLock();

  constructor(private readonly pool: Pool) {}

  async rows(statement: Statement): Promise<unknown[]> {
    return (await query(this.pool, statement)) as unknown[];
  }

  write(statements: readonly Statement[]): Promise<number> {
    const [only, ...others] = statements;
    const isRowAlone = only !== undefined && others.length === 0 && isRowInsert(only);
    return isRowAlone ? this.inserts.add(only) : persistently(() => this.writeOnce(statements));
  }

  /** The count is what `LAST_INSERT_ID(…)` in the UPDATE was given. Those with the same lock would deadlock each other. */
  async countUp({ update, lock }: CountUp): Promise<number | null> {
    const write = (): Promise<ResultSetHeader> => persistently(() => change(this.pool, update));
    const { affectedRows, insertId } = await (lock === undefined ? write() : this.locks.run(lock, write));
    return affectedRows === 0 ? null : insertId;
  }

  poolState(): PoolState {
    // mysql2 counts them for itself alone.
    const { _allConnections, _freeConnections, _connectionQueue } = this.pool as unknown as PoolQueues;
    const open = _allConnections.length;
    return { open, busy: open - _freeConnections.length, waiting: _connectionQueue.length };
  }

  private async writeOnce(statements: readonly Statement[]): Promise<number> {
    const [only, ...others] = statements;
    if (only !== undefined && others.length === 0) return (await change(this.pool, only)).affectedRows;
    const connection = await promisify(this.pool.getConnection.bind(this.pool))();
    try {
      return await transact(connection, statements);
    } finally {
      connection.release();
    }
  }
}

/** Whoever loses a deadlock has changed nothing, and may try again: after a pause by chance, lest the same ones meet again. */
async function persistently<Answer>(write: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isDeadlock(error) || tries >= DEADLOCK_TRIES) throw error;
      await delay(Math.random() * Math.min(2 ** tries, LONGEST_PAUSE_MS));
    }
  }
}

function isRowInsert(statement: Statement): statement is RowInsert {
  return statement.row !== undefined;
}

/** A server that has refused a statement says so with a state; one that is away, or a wire that is cut, is no refusal. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'sqlState' in error && !isDatabaseAway(error);
}

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_LOCK_DEADLOCK';
}

async function transact(connection: PoolConnection, statements: readonly Statement[]): Promise<number> {
  await query(connection, { sql: 'START TRANSACTION', parameters: [] });
  try {
    let changes = 0;
    for (const statement of statements) {
      const { affectedRows } = await change(connection, statement);
      if (statement.isCondition === true && affectedRows === 0) break;
      changes += affectedRows;
    }
    await query(connection, { sql: 'COMMIT', parameters: [] });
    return changes;
  } catch (error) {
    // Whatever became of the connection, none of it may be committed by whoever gets it next.
    connection.destroy();
    throw error;
  }
}

async function change(target: Pool | Connection, statement: Statement): Promise<ResultSetHeader> {
  return (await query(target, statement)) as ResultSetHeader;
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
