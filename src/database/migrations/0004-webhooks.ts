import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';
import { columnTypes, type ColumnType, dialectOfType } from '../dialect.js';

/** Who is to be told of the ends of jobs. */
export class Webhooks1700000000004 implements MigrationInterface {
  readonly name = 'Webhooks1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    const { entityPrefix = '', type } = runner.dataSource.options;
    const dialect = dialectOfType(type);
    const { uuid, exact, longText, int, instant } = columnTypes(dialect);
    const table = new Table({
      name: `${entityPrefix}webhooks`,
      columns: [
        { ...column('job_id', uuid), isPrimary: true },
        column('url', longText),
        column('state', exact(10)),
        { ...column('due_at', instant), isNullable: true },
        column('tries', int),
        { ...column('last_status', int), isNullable: true },
        { ...column('last_error', longText), isNullable: true },
        { ...column('delivered_at', instant), isNullable: true },
      ],
      indices: [
        {
          name: `${entityPrefix}webhook_due`,
          columnNames: ['due_at'],
          ...(dialect === 'sqlite' ? { where: 'due_at IS NOT NULL' } : {}),
        },
      ],
      ...(dialect === 'mysql' ? { engine: 'InnoDB' } : {}),
    });
    await runner.createTable(table);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(`${runner.dataSource.options.entityPrefix ?? ''}webhooks`);
  }
}

function column(name: string, { length, ...type }: ColumnType): TableColumnOptions {
  return { name, ...type, ...(length === undefined ? {} : { length: String(length) }) };
}
