import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { dialectOfType } from '../dialect.js';

/** When an attempt was granted, and what became of those before it: both empty where nobody noted it. */
export class JobHistory1700000000005 implements MigrationInterface {
  readonly name = 'JobHistory1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    const { isMysql, table } = targetOf(runner);
    const text = isMysql ? 'mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'text';
    const columns = [`claimed_at bigint NULL`, `past_attempts ${text} NULL`];
    // By hand: TypeORM would copy the whole table on SQLite. On MySQL one statement, since none is taken back with the transaction.
    if (isMysql)
      await runner.query(
        `ALTER TABLE ${table} ${columns.map((column) => `ADD COLUMN ${column}`).join(', ')}`,
      );
    else for (const column of columns) await runner.query(`ALTER TABLE ${table} ADD COLUMN ${column}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const { isMysql, table } = targetOf(runner);
    if (isMysql) await runner.query(`ALTER TABLE ${table} DROP COLUMN claimed_at, DROP COLUMN past_attempts`);
    else {
      await runner.query(`ALTER TABLE ${table} DROP COLUMN claimed_at`);
      await runner.query(`ALTER TABLE ${table} DROP COLUMN past_attempts`);
    }
  }
}

function targetOf(runner: QueryRunner): { isMysql: boolean; table: string } {
  const { entityPrefix = '', type } = runner.dataSource.options;
  const isMysql = dialectOfType(type) === 'mysql';
  return { isMysql, table: isMysql ? `\`${entityPrefix}jobs\`` : `"${entityPrefix}jobs"` };
}
