import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { type Pool } from 'mysql2';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { Database } from '../../src/database/database.js';
import { eventually } from '../support/eventually.js';
import { dataSourceFor } from '../support/job-store.js';
import { createDatabase, describeWithMysql } from '../support/services.js';

describeWithMysql('Rows that are inserted at once on MySQL', () => {
  let database: Database;
  /** Somebody else on the same tables. */
  let other: Connection;

  beforeAll(async () => {
    const { url } = await createDatabase();
    const source = await dataSourceFor(url).initialize();
    await source.query(
      'CREATE TABLE things (id INTEGER PRIMARY KEY, text VARCHAR(100) NOT NULL) ENGINE = InnoDB',
    );
    database = new Database(source);
    other = await createConnection(url);
  });
  beforeEach(() => database.source.query('DELETE FROM things'));
  afterAll(async () => {
    await other.end();
    await database.source.destroy();
  });

  function insert(id: number, text: string | null = 'x'): Promise<number> {
    const sql = 'INSERT INTO things (id, text) VALUES (?, ?)';
    return database.change({ sql, parameters: [id, text], row: '(?, ?)' }, 'durable');
  }

  async function stored(): Promise<number[]> {
    const rows = await database.rows<{ id: number }>({
      sql: 'SELECT id FROM things ORDER BY id',
      parameters: [],
    });
    return rows.map(({ id }) => id);
  }

  /** The connection whose insert waits for a lock. */
  async function blocked(): Promise<number> {
    return eventually(async () => {
      const [rows] = await other.query<RowDataPacket[]>(
        // Not innodb_trx: it is not read anew while somebody asks more often than each 100 ms.
        `SELECT id FROM information_schema.processlist WHERE info LIKE 'INSERT INTO things%' AND time_ms > 100`,
      );
      expect(rows).toHaveLength(1);
      return Number(rows[0]?.id);
    });
  }

  it('share a statement', async () => {
    const { pool } = database.source.driver as unknown as { pool: Pool };
    const sent = jest.spyOn(pool, 'query');
    await Promise.all(Array.from({ length: 64 }, (_, id) => insert(id)));
    expect(sent).toHaveBeenCalledTimes(1);
    sent.mockRestore();
    expect(await stored()).toHaveLength(64);
  });

  it('fail alone where they are wrong, in whatever way', async () => {
    await insert(3);
    const results = await Promise.allSettled([
      insert(1),
      insert(2, null),
      insert(3),
      insert(4, 'x'.repeat(101)),
      insert(5),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(await stored()).toEqual([1, 3, 5]);
  });

  it('are all inserted in the end where they lose a deadlock', async () => {
    await other.beginTransaction();
    // The lighter one is the one to lose.
    for (let id = 100; id < 150; id += 1)
      await other.query('INSERT INTO things VALUES (?, ?)', [id, 'other']);
    await other.query('INSERT INTO things VALUES (2, ?)', ['other']);
    const all = Promise.all([insert(1), insert(2), insert(3)]);
    await blocked();
    // It holds row 1 and waits for row 2. This would fail if it were not the one to lose.
    await other.query('INSERT INTO things VALUES (1, ?)', ['other']);
    await other.rollback();
    expect(await all).toEqual([1, 1, 1]);
    expect(await stored()).toEqual([1, 2, 3]);
  });

  it('are all refused as the database being away where their connection is killed', async () => {
    await other.beginTransaction();
    await other.query('INSERT INTO things VALUES (2, ?)', ['other']);
    const all = Promise.allSettled([insert(1), insert(2), insert(3)]);
    await other.query(`KILL ${String(await blocked())}`);
    for (const result of await all) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
    await other.rollback();
    expect(await stored()).toEqual([]);
    expect(await Promise.all([insert(1), insert(2)])).toEqual([1, 1]);
  });
});
