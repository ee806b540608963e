import { describe, expect, it } from '@jest/globals';
import { type DataSource } from 'typeorm';
import { dialectOfType } from '../../src/database/dialect.js';
import { migrate } from '../../src/database/migrate.js';
import { dataSourceFor, TABLE_PREFIX } from '../support/job-store.js';
import { createDatabase, describeOnDatabases, describeWithMysql } from '../support/services.js';

describeOnDatabases('The migrations', (kind) => {
  async function withSource(body: (source: DataSource) => Promise<void>): Promise<void> {
    // By its own name TypeORM reads MariaDB's catalogue right (docs/database.md); all other tests call it `mysql:`.
    const url = (await kind.create()).url.replace(/^mysql:/, 'mariadb:');
    const source = await dataSourceFor(url).initialize();
    try {
      await body(source);
    } finally {
      await source.destroy();
    }
  }

  it('make what the entities describe: the schema builder would change nothing', async () => {
    await withSource(async (source) => {
      await migrate(source);
      const { upQueries } = await source.driver.createSchemaBuilder().log();
      expect(upQueries.map(({ query }) => query)).toEqual([]);
    });
  });

  it('go up, down and up again, and leave nothing behind when down', async () => {
    await withSource(async (source) => {
      await migrate(source);
      for (let left = source.migrations.length; left > 0; left -= 1) await source.undoLastMigration();
      expect((await tables(source)).filter((name) => name !== `${TABLE_PREFIX}migrations`)).toEqual([]);
      await migrate(source);
      expect(await tables(source)).toContain(`${TABLE_PREFIX}jobs`);
    });
  });

  it('run again do nothing', async () => {
    await withSource(async (source) => {
      await migrate(source);
      await migrate(source);
      expect(await source.showMigrations()).toBe(false);
    });
  });
});

describe('Servers that start together', () => {
  describeWithMysql('on MariaDB', () => {
    it('migrate one after the other, once', async () => {
      const { url } = await createDatabase();
      const sources = await Promise.all(Array.from({ length: 4 }, () => dataSourceFor(url).initialize()));
      try {
        await Promise.all(sources.map((source) => migrate(source)));
        const [first] = sources;
        expect(await first?.showMigrations()).toBe(false);
      } finally {
        await Promise.all(sources.map((source) => source.destroy()));
      }
    });
  });
});

async function tables(source: DataSource): Promise<string[]> {
  const sql =
    dialectOfType(source.options.type) === 'mysql'
      ? 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()'
      : "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
  return (await source.query<{ name: string }[]>(sql)).map(({ name }) => name);
}
