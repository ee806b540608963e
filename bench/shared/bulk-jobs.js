import Sqlite from 'libsql';
import { createConnection } from 'mysql2/promise';

/**
 * Expressions of SQL that mean the same on both databases.
 *
 * @typedef {object} Sql
 * @property {(milliseconds: string, n: string) => string} id the UUIDv7 of a millisecond that carries `n` in its end
 * @property {(...parts: string[]) => string} concat
 * @property {(dividend: string, divisor: number) => string} quotient rounded down
 */

/**
 * A database of the service, for putting in more rows at once than HTTP could.
 *
 * @typedef {object} BulkDatabase
 * @property {Sql} sql
 * @property {(statement: string) => Promise<void>} run
 * @property {(statement: string) => Promise<Record<string, unknown>[]>} rows
 * @property {() => Promise<void>} close
 */

/** @param {string} url as `DATABASE_URL` takes it @returns {Promise<BulkDatabase>} */
export async function openDatabase(url) {
  return url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : await openMysql(url);
}

/** @param {string} path @returns {BulkDatabase} */
function openSqlite(path) {
  const database = new Sqlite(path);
  database.pragma('synchronous = OFF');
  database.pragma('cache_size = -200000');
  database.pragma('busy_timeout = 10000');
  return {
    sql: {
      id: (ms, n) => `printf('%08x-%04x-7000-8000-%012x', (${ms}) >> 16, (${ms}) & 65535, ${n})`,
      concat: (...parts) => parts.map((part) => `(${part})`).join(' || '),
      quotient: (dividend, divisor) => `(${dividend} / ${divisor})`,
    },
    run: (statement) => Promise.resolve(void database.exec(statement)),
    rows: (statement) =>
      Promise.resolve(/** @type {Record<string, unknown>[]} */ (database.prepare(statement).all())),
    close: () => Promise.resolve(void database.close()),
  };
}

/** @param {string} url @returns {Promise<BulkDatabase>} */
async function openMysql(url) {
  const connection = await createConnection(url);
  await connection.query('SET SESSION max_recursive_iterations = 100000000');
  /** @param {string} value @param {number} digits */
  const hex = (value, digits) => `LPAD(HEX(${value}), ${digits}, '0')`;
  return {
    sql: {
      id: (ms, n) =>
        `LOWER(CONCAT(${hex(`(${ms}) >> 16`, 8)}, '-', ${hex(`(${ms}) & 65535`, 4)}, '-7000-8000-', ${hex(n, 12)}))`,
      concat: (...parts) => `CONCAT(${parts.join(', ')})`,
      quotient: (dividend, divisor) => `(${dividend} DIV ${divisor})`,
    },
    run: async (statement) => {
      await connection.query(statement);
    },
    rows: async (statement) => {
      const [rows] = await connection.query(statement);
      return /** @type {Record<string, unknown>[]} */ (rows);
    },
    close: () => connection.end(),
  };
}

/** The same id as {@link Sql}'s, in this process. @param {number} milliseconds @param {number} n */
export function idOf(milliseconds, n) {
  const hex = milliseconds.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** A queued job, as the service makes it of `{"command": "true"}`. */
const QUEUED = {
  state: "'queued'",
  owner: "'anonymous'",
  command: "'true'",
  spec: "'{}'",
  needs_staging: '0',
  requires: "''",
  queue_rank: '0',
  retries_left: '25',
  attempt: '0',
};

/**
 * Puts in `count` jobs, numbered from 1 as `n`, each by its own expressions.
 *
 * @param {BulkDatabase} database
 * @param {{ count: number, createdAt: string, columns?: Record<string, string> }} jobs `createdAt` in ms, of `n`;
 *   `columns`: expressions of `n` in place of those of a queued job
 */
export async function insertJobs(database, { count, createdAt, columns = {} }) {
  const values = { id: database.sql.id(createdAt, 'n'), created_at: createdAt, ...QUEUED, ...columns };
  await database.run(
    `INSERT INTO job_manager_jobs (${Object.keys(values).join(', ')})
    ${numbers(count)} SELECT ${Object.values(values).join(', ')} FROM numbers`,
  );
}

/** @param {number} count @returns {string} a table `numbers` of `n` from 1 */
export function numbers(count) {
  return `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;
}
