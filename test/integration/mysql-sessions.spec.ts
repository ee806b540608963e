import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type Pool } from 'mysql2';
import { type DataSource } from 'typeorm';
import { Database } from '../../src/database/database.js';
import { migrate } from '../../src/database/migrate.js';
import { JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, CLOCK, dataSourceFor } from '../support/job-store.js';
import { createDatabase, describeWithMysql } from '../support/services.js';

/** As every session begins on a server with such defaults. */
const DEFAULTS = [
  "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
  'SET SESSION autocommit = 0',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

const SERVERS = 5;

describeWithMysql('On a MySQL with other defaults', () => {
  let servers: DataSource[];
  let database: Database;
  let other: DataSource;

  beforeEach(async () => {
    const { url } = await createDatabase();
    other = await dataSourceFor(url).initialize();
    await migrate(other);
    servers = await Promise.all(Array.from({ length: SERVERS }, () => sourceWithDefaults(url)));
    [database] = servers.map((source) => new Database(source)) as [Database];
  });
  afterEach(async () => {
    await Promise.all([...servers, other].map((source) => source.destroy()));
  });

  it.each(["\\' OR 1=1 -- ", "it's \\ and \\\\", '"'])('%s is what it says', async (text) => {
    const sql = 'SELECT ? AS text FROM DUAL WHERE 1 = 0 OR ? = ?';
    expect(await database.rows({ sql, parameters: [text, text, text] })).toEqual([{ text }]);
    const none = { sql: 'SELECT 1 FROM DUAL WHERE ? = ?', parameters: [text, ''] };
    expect(await database.rows(none)).toEqual([]);
  });

  it('others see what was stored', async () => {
    const row = aJob({ command: `echo "\\'"` });
    await new JobsRepository(database).insert(row);
    const seen = await new JobsRepository(new Database(other)).find(row.id);
    expect(seen).toMatchObject({ command: row.command });
  });

  it('what does not fit is refused', async () => {
    const row = { ...aJob(), agent: 'x'.repeat(1_000) };
    await expect(new JobsRepository(database).insert(row)).rejects.toThrow();
  });

  it('a user never holds more than he may, however many are granted at once by how many servers', async () => {
    const quota = { maxRunningPerUser: 1 };
    const repositories = servers.map((source) => new JobsRepository(new Database(source), quota));
    for (let round = 0; round < 50; round += 1) {
      const wishes = repositories.flatMap((jobs) =>
        Array.from({ length: 10 }, () => ({ jobs, row: aJob({ user: `user ${round}` }) })),
      );
      await Promise.all(wishes.map(({ jobs, row }) => jobs.insert(row)));
      const granted = await Promise.all(
        wishes.map(({ jobs, row: { id } }) => {
          const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 60_000, agent: 'a' };
          return jobs.claim(id, lease, CLOCK.now());
        }),
      );
      expect(granted.filter((claim) => claim !== null)).toHaveLength(1);
    }
  });
});

async function sourceWithDefaults(url: string): Promise<DataSource> {
  const source = await dataSourceFor(url).initialize();
  const { pool } = source.driver as unknown as { pool: Pool };
  for (const sql of DEFAULTS) await source.query(sql);
  pool.on('connection', (connection) => {
    for (const sql of DEFAULTS) connection.query(sql);
  });
  return source;
}
