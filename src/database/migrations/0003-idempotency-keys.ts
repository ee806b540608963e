import { type MigrationInterface, type QueryRunner, Table, type TableColumnOptions } from 'typeorm';
import { columnTypes, type ColumnType, dialectOfType } from '../dialect.js';

/** Which job was started under which `Idempotency-Key`. */
export class IdempotencyKeys1700000000003 implements MigrationInterface {
  readonly name = 'IdempotencyKeys1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    const { entityPrefix = '', type } = runner.dataSource.options;
    const dialect = dialectOfType(type);
    const { uuid, bytes, exactAscii } = columnTypes(dialect);
    const table = new Table({
      name: `${entityPrefix}idempotency_keys`,
      columns: [
        column('owner', bytes(1_020), true),
        column('idempotency_key', bytes(255), true),
        column('job_id', uuid),
        column('fingerprint', exactAscii(64)),
      ],
      indices: [{ name: `${entityPrefix}idempotency_key_job`, columnNames: ['job_id'] }],
      ...(dialect === 'mysql' ? { engine: 'InnoDB' } : {}),
    });
    await runner.createTable(table);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(`${runner.dataSource.options.entityPrefix ?? ''}idempotency_keys`);
  }
}

function column(name: string, { length, ...type }: ColumnType, isPrimary = false): TableColumnOptions {
  return { name, ...type, length: String(length), isPrimary };
}
