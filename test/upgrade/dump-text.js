import Sqlite from 'libsql';
import { escape } from 'mysql2';

/** @typedef {Record<string, unknown>} Row */

const MADE = `SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
  ORDER BY type DESC, name`;

/**
 * All that a SQLite file holds, as statements, one a line.
 * @param {string} path
 */
export function sqliteDump(path) {
  const database = new Sqlite(path);
  /** @param {string} sql */
  const rowsOf = (sql) => /** @type {Row[]} */ (database.prepare(sql).all());
  try {
    const made = rowsOf(MADE);
    const tables = made.filter(({ type }) => type === 'table').map(({ name }) => String(name));
    const [version] = rowsOf('PRAGMA user_version');
    return lines([
      ...made.map(({ sql }) => String(sql).replaceAll(/\s+/g, ' ')),
      ...tables.flatMap((name) => rowsOf(`SELECT * FROM ${name}`).map((row) => insertOf(name, row, literal))),
      `PRAGMA user_version = ${String(version?.user_version)}`,
    ]);
  } finally {
    database.close();
  }
}

/**
 * The same of the MariaDB database that the connection uses.
 * @param {import('mysql2/promise').Connection} connection
 */
export async function mysqlDump(connection) {
  /** @param {string} sql */
  const rowsOf = async (sql) => /** @type {Row[]} */ ((await connection.query(sql))[0]);
  const statements = [];
  for (const name of (await rowsOf('SHOW TABLES')).flatMap((row) => Object.values(row).map(String))) {
    const [made] = await rowsOf(`SHOW CREATE TABLE ${name}`);
    statements.push(String(made?.['Create Table']).replaceAll(/\s*\n\s*/g, ' '));
    statements.push(...(await rowsOf(`SELECT * FROM ${name}`)).map((row) => insertOf(name, row, escaped)));
  }
  return lines(statements);
}

/**
 * @param {string} table
 * @param {Row} row
 * @param {(value: unknown) => string} written
 */
function insertOf(table, row, written) {
  // Some columns have names that are words of SQL; both databases take these quotes.
  const names = Object.keys(row).map((name) => `\`${name}\``);
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${Object.values(row).map(written).join(', ')})`;
}

/** @param {unknown} value */
function escaped(value) {
  return escape(/** @type {string} */ (value));
}

/** @param {unknown} value of a column of SQLite */
function literal(value) {
  if (value instanceof ArrayBuffer) return `X'${Buffer.from(value).toString('hex')}'`;
  if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
  if (typeof value === 'number') return value.toString();
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : 'NULL';
}

/** @param {string[]} statements */
function lines(statements) {
  return `${statements.join(';\n')};\n`;
}
