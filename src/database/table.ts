import { type EntityTarget, type ObjectLiteral, type ValueTransformer } from 'typeorm';
import { type Database } from './database.js';
import { type Statement } from './engine.js';

interface Column {
  readonly property: string;
  readonly name: string;
  readonly quoted: string;
  /** In a `SET`: to a parameter, and to nothing. */
  readonly assigned: string;
  readonly assignedNull: string;
  readonly transformer: ValueTransformer | undefined;
}

type RowInsertText = Required<Pick<Statement, 'sql' | 'row'>>;

/** Some columns of a table: their names in a SELECT, and how to read what it gave. */
export interface SomeColumns<Row> {
  readonly names: string;
  read(raw: Readonly<Record<string, unknown>>): Row;
}

/**
 * Rows of one entity in hand-written statements: TypeORM's metadata says how properties map to columns, but its
 * query builder takes longer than the database for what every job needs (`docs/decisions/0003-statements.md`).
 */
export class Table<Row extends ObjectLiteral> {
  /** With its prefix. */
  readonly name: string;
  /** For the UPDATE of a row by its id: MySQL would first estimate how many rows each other condition leaves. */
  readonly byId: string;
  private readonly columns: readonly Column[];
  private readonly byProperty: ReadonlyMap<string, Column>;
  /** By the columns that are not null, of which there are few sets. */
  private readonly inserts = new Map<string, RowInsertText>();

  constructor(database: Database, entity: EntityTarget<Row>) {
    const metadata = database.source.getMetadata(entity);
    this.name = metadata.tableName;
    this.byId = database.dialect === 'mysql' ? `${this.name} FORCE INDEX (PRIMARY)` : this.name;
    this.columns = metadata.columns.map((column) => {
      const name = quoted(database, column.databaseName);
      return {
        property: column.propertyName,
        name: column.databaseName,
        quoted: name,
        assigned: `${name} = ?`,
        assignedNull: `${name} = NULL`,
        transformer: column.transformer as ValueTransformer | undefined,
      };
    });
    this.byProperty = new Map(this.columns.map((column) => [column.property, column]));
  }

  /** Leaves out what is null: drivers take as long for each parameter that says nothing. */
  insert(row: Row): Statement {
    const names: string[] = [];
    const parameters: unknown[] = [];
    for (const column of this.columns) {
      const value = stored(column, row[column.property]);
      if (value === null || value === undefined) continue;
      names.push(column.quoted);
      parameters.push(value);
    }
    const { sql, row: values } = this.insertOf(names.join(', '));
    return { sql, row: values, parameters };
  }

  private insertOf(names: string): RowInsertText {
    const known = this.inserts.get(names);
    if (known !== undefined) return known;
    const row = `(${names.replaceAll(/[^,]+/g, '?')})`;
    const insert = { sql: `INSERT INTO ${this.name} (${names}) VALUES ${row}`, row };
    this.inserts.set(names, insert);
    return insert;
  }

  /** `SET` of an UPDATE, without the word: `a = ?, b = NULL`. Throws a `TypeError` on a property that is no column. */
  assignments(changes: Partial<Row>): Statement {
    const parameters: unknown[] = [];
    let sql = '';
    for (const property in changes) {
      const column = this.column(property);
      const value = stored(column, changes[property]);
      if (sql !== '') sql += ', ';
      // Drivers take as long for each parameter that says nothing.
      sql += value === null ? column.assignedNull : column.assigned;
      if (value !== null) parameters.push(value);
    }
    return { sql, parameters };
  }

  /** A row as `SELECT *` gave it. */
  read(raw: Readonly<Record<string, unknown>>): Row {
    return readColumns(this.columns, raw) as Row;
  }

  /** Those of `properties` alone. Throws a `TypeError` on a property that is no column. */
  some<Key extends keyof Row & string>(properties: readonly Key[]): SomeColumns<Pick<Row, Key>> {
    const columns = properties.map((property) => this.column(property));
    return {
      names: columns.map(({ quoted: name }) => name).join(', '),
      read: (raw) => readColumns(columns, raw) as Pick<Row, Key>,
    };
  }

  private column(property: string): Column {
    const column = this.byProperty.get(property);
    if (column === undefined) throw new TypeError(`${this.name} has no ${property}`);
    return column;
  }
}

function readColumns(
  columns: readonly Column[],
  raw: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const { property, name, transformer } of columns)
    row[property] = transformer === undefined ? raw[name] : (transformer.from(raw[name]) as unknown);
  return row;
}

function stored({ transformer }: Column, value: unknown): unknown {
  return transformer === undefined ? value : (transformer.to(value) as unknown);
}

function quoted(database: Database, name: string): string {
  return database.dialect === 'mysql' ? `\`${name}\`` : `"${name}"`;
}
