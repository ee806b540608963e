import { type MigrationInterface, type QueryRunner } from 'typeorm';
import { dialectOfType } from '../dialect.js';

/** The waiting jobs of each user lie together, so that those of all users are found without walking over one user's many. */
export class FairDispatch1700000000002 implements MigrationInterface {
  readonly name = 'FairDispatch1700000000002';

  up(runner: QueryRunner): Promise<void> {
    // Labels are ASCII; with four bytes for each character, the index would have more than InnoDB's 3,072.
    return indexBy(runner, 'state, requires, queue_rank, owner, id', 'CHARACTER SET ascii COLLATE ascii_bin');
  }

  down(runner: QueryRunner): Promise<void> {
    return indexBy(runner, 'state, requires, queue_rank, id', 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin');
  }
}

/** @param characters of `requires`, on MySQL */
async function indexBy(runner: QueryRunner, columns: string, characters: string): Promise<void> {
  const { entityPrefix = '', type } = runner.dataSource.options;
  const [table, index] = [`${entityPrefix}jobs`, `${entityPrefix}job_dispatch`];
  if (dialectOfType(type) === 'sqlite') {
    await runner.query(`DROP INDEX "${index}"`);
    await runner.query(`CREATE INDEX "${index}" ON "${table}" (${columns})`);
    return;
  }
  // One statement, which can be repeated: MySQL takes no change of a schema back with its transaction.
  await runner.query(`ALTER TABLE \`${table}\` DROP INDEX \`${index}\`,
    MODIFY COLUMN requires varchar(512) ${characters} NOT NULL, ADD INDEX \`${index}\` (${columns})`);
}
