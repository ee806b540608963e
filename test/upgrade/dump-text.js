import Sqlite from 'libsql';
import { escape } from 'mysql2';

/** @param {unknown} value */
function literal(value) {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof ArrayBuffer) return `X'${Buffer.from(value).toString('hex')}'`;
  if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}

/**
 * All that a SQLite file holds, as statements, one a line.
 * @param {string} path
 */
export function sqliteDump(path) {
  const database = new Sqlite(path);
  try {
    const [version] = database.pragma('user_version');
    const made = database
      .prepare(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name",
      )
      .all();
    const rows = made
      .filter(({ type }) => type === 'table')
      .flatMap(({ name }) =>
        database
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => inserted(name, row)),
      );
    return lines([
      ...made.map(({ sql }) => sql.replaceAll(/\s+/g, ' ')),
      ...rows,
      `PRAGMA user_version = ${version.user_version}`,
    ]);
  } finally {
    database.close();
  }
}

/**
 * @param {string} table
 * @param {Record<string, unknown>} row
 */
function inserted(table, row) {
  const names = Object.keys(row).map((name) => `"${name}"`);
  return `INSERT INTO "${table}" (${names.join(', ')}) VALUES (${Object.values(row).map(literal).join(', ')})`;
}

/**
 * The same of the MariaDB database that the connection uses.
 * @param {import('mysql2/promise').Connection} connection
 */
export async function mysqlDump(connection) {
  const statements = [];
  const [tables] = /** @type {[Record<string, string>[], unknown]} */ (await connection.query('SHOW TABLES'));
  for (const table of tables.flatMap((row) => Object.values(row))) {
    const [made] = /** @type {[Record<string, string>[], unknown]} */ (
      await connection.query(`SHOW CREATE TABLE \`${table}\``)
    );
    statements.push(String(made[0]?.['Create Table']).replaceAll(/\s*\n\s*/g, ' '));
    const [rows] = /** @type {[Record<string, unknown>[], unknown]} */ (
      await connection.query(`SELECT * FROM \`${table}\``)
    );
    for (const row of rows) {
      const names = Object.keys(row).map((name) => `\`${name}\``);
      statements.push(
        `INSERT INTO \`${table}\` (${names.join(', ')}) VALUES (${Object.values(row)
          .map((value) => escape(value))
          .join(', ')})`,
      );
    }
  }
  return lines(statements);
}

/** @param {string[]} statements */
function lines(statements) {
  return `${statements.join(';\n')};\n`;
}
