import { type Pool, type PoolConnection } from 'mysql2';
import { streamOf } from './mysql-watch.js';

/**
 * What our statements rely on, whatever the server's own defaults are: a commit after each; locks on what a condition
 * counted, which `READ COMMITTED` does not take; backslashes that escape, as mysql2 writes values so, and a value would get
 * out of its quotes under `NO_BACKSLASH_ESCAPES`; and refusal of what does not fit.
 */
const SESSION = [
  "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', SESSION autocommit = 1",
  'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
];

/** Has each connection of the pool begin so; one whose server refuses it fails what it was wanted for. */
export function settleSessions(pool: Pool): void {
  const settled = new WeakSet<PoolConnection>();
  pool.on('acquire', (connection) => {
    if (settled.has(connection)) return;
    settled.add(connection);
    for (const sql of SESSION) {
      connection.query(sql, (error) => {
        // Ended in order, it would never answer what waits for its turn.
        if (error !== null) streamOf(connection).destroy(error);
      });
    }
  });
}
