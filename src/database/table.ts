import { type EntityTarget, type ObjectLiteral, type ValueTransformer } from 'typeorm';
import { type Database } from './database.js';
import { type Statement } from './engine.js';

interface Column {
  readonly property: string;
  readonly name: string;
  readonly transformer: ValueTransformer | undefined;
}

/**
 * Rows of one entity in hand-written statements: TypeORM's metadata says how properties map to columns, but its
 * query builder takes longer than the database for what every job needs (`docs/decisions/0003-statements.md`).
 */
export class Table<Row extends ObjectLiteral> {
  /** With its prefix. */
  readonly name: string;
  private readonly columns: readonly Column[];
  private readonly byProperty: ReadonlyMap<string, Column>;
  private readonly insertSql: string;

  constructor(database: Database, entity: EntityTarget<Row>) {
    const metadata = database.source.getMetadata(entity);
    this.name = metadata.tableName;
    this.columns = metadata.columns.map((column) => ({
      property: column.propertyName,
      name: column.databaseName,
      transformer: column.transformer as ValueTransformer | undefined,
    }));
    this.byProperty = new Map(this.columns.map((column) => [column.property, column]));
    const names = this.columns.map(({ name }) => quoted(database, name)).join(', ');
    this.insertSql = `INSERT INTO ${this.name} (${names}) VALUES (${this.columns.map(() => '?').join(', ')})`;
  }

  insert(row: Row): Statement {
    return {
      sql: this.insertSql,
      parameters: this.columns.map((column) => stored(column, row[column.property])),
    };
  }

  /** `SET` of an UPDATE, without the word: `a = ?, b = ?`. Throws a `TypeError` on a property that is no column. */
  assignments(database: Database, changes: Partial<Row>): Statement {
    const given = Object.entries(changes).map(([property, value]) => ({
      column: this.column(property),
      value: value as unknown,
    }));
    return {
      sql: given.map(({ column }) => `${quoted(database, column.name)} = ?`).join(', '),
      parameters: given.map(({ column, value }) => stored(column, value)),
    };
  }

  /** A row as `SELECT *` gave it. */
  read(raw: Readonly<Record<string, unknown>>): Row {
    const values = this.columns.map(({ property, name, transformer }): [string, unknown] => [
      property,
      transformer === undefined ? raw[name] : (transformer.from(raw[name]) as unknown),
    ]);
    return Object.fromEntries(values) as Row;
  }

  private column(property: string): Column {
    const column = this.byProperty.get(property);
    if (column === undefined) throw new TypeError(`${this.name} has no ${property}`);
    return column;
  }
}

function stored({ transformer }: Column, value: unknown): unknown {
  return transformer === undefined ? value : (transformer.to(value) as unknown);
}

function quoted(database: Database, name: string): string {
  return database.dialect === 'mysql' ? `\`${name}\`` : `"${name}"`;
}
