import { type EntityTarget, type ObjectLiteral, type ValueTransformer } from 'typeorm';
import { type Database } from './database.js';
import { type Statement } from './engine.js';

interface Column {
  readonly property: string;
  readonly name: string;
  readonly quoted: string;
  readonly transformer: ValueTransformer | undefined;
}

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
  private readonly inserts = new Map<string, Omit<Statement, 'parameters'>>();

  constructor(database: Database, entity: EntityTarget<Row>) {
    const metadata = database.source.getMetadata(entity);
    this.name = metadata.tableName;
    this.byId = database.dialect === 'mysql' ? `${this.name} FORCE INDEX (PRIMARY)` : this.name;
    this.columns = metadata.columns.map((column) => ({
      property: column.propertyName,
      name: column.databaseName,
      quoted: quoted(database, column.databaseName),
      transformer: column.transformer as ValueTransformer | undefined,
    }));
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
    return { ...this.insertOf(names.join(', ')), parameters };
  }

  private insertOf(names: string): Omit<Statement, 'parameters'> {
    const known = this.inserts.get(names);
    if (known !== undefined) return known;
    const row = `(${names.replaceAll(/[^,]+/g, '?')})`;
    const insert = { sql: `INSERT INTO ${this.name} (${names}) VALUES ${row}`, row };
    this.inserts.set(names, insert);
    return insert;
  }

  /** `SET` of an UPDATE, without the word: `a = ?, b = ?`. Throws a `TypeError` on a property that is no column. */
  assignments(changes: Partial<Row>): Statement {
    const given = Object.entries(changes).map(([property, value]) => ({
      column: this.column(property),
      value: value as unknown,
    }));
    return {
      sql: given.map(({ column }) => `${column.quoted} = ?`).join(', '),
      parameters: given.map(({ column, value }) => stored(column, value)),
    };
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
  const values = columns.map(({ property, name, transformer }): [string, unknown] => [
    property,
    transformer === undefined ? raw[name] : (transformer.from(raw[name]) as unknown),
  ]);
  return Object.fromEntries(values);
}

function stored({ transformer }: Column, value: unknown): unknown {
  return transformer === undefined ? value : (transformer.to(value) as unknown);
}

function quoted(database: Database, name: string): string {
  return database.dialect === 'mysql' ? `\`${name}\`` : `"${name}"`;
}
