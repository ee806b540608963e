import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Statement } from '../../src/database/engine.js';
import { dataSourceFor } from '../support/job-store.js';
import { Database } from '../../src/database/database.js';
import { describeOnDatabases } from '../support/services.js';

function inserts(id: number, text = 'x'): Statement {
  return { sql: 'INSERT INTO things (id, text) VALUES (?, ?)', parameters: [id, text], row: '(?, ?)' };
}

describeOnDatabases('Writes', (kind) => {
  let database: Database;

  beforeAll(async () => {
    const source = await dataSourceFor((await kind.create()).url).initialize();
    await source.query('CREATE TABLE things (id INTEGER PRIMARY KEY, text VARCHAR(10000) NOT NULL)');
    database = new Database(source);
  });
  beforeEach(() => database.source.query('DELETE FROM things'));
  afterAll(() => database.source.destroy());

  async function stored(): Promise<number[]> {
    const sql = 'SELECT id FROM things ORDER BY id';
    return (await database.rows<{ id: number }>({ sql, parameters: [] })).map(({ id }) => id);
  }

  it('tell how many rows they changed', async () => {
    expect(await database.change(inserts(1), 'durable')).toBe(1);
    const update = { sql: 'UPDATE things SET text = ? WHERE id >= ?', parameters: ['y', 2] };
    expect(await database.change(update, 'soon durable')).toBe(0);
    expect(await database.change({ ...update, parameters: ['y', 1] }, 'soon durable')).toBe(1);
  });

  it('are seen by whoever reads after they were answered', async () => {
    await database.change(inserts(1), 'soon durable');
    expect(await stored()).toEqual([1]);
  });

  it('keep many that come at once, and fail alone where they are wrong', async () => {
    await database.change(inserts(50), 'durable');
    const all = Array.from({ length: 100 }, (_, id) => database.change(inserts(id), 'durable'));
    const results = await Promise.allSettled(all);
    const rejected = results.flatMap(({ status }, id) => (status === 'rejected' ? [id] : []));
    expect(rejected).toEqual([50]);
    expect(await stored()).toHaveLength(100);
  });

  it('that belong together are all done or none, whatever comes with them', async () => {
    const results = await Promise.allSettled([
      database.change(inserts(1), 'durable'),
      database.atomically([inserts(2), inserts(3), inserts(2)], 'durable'),
      database.atomically([inserts(4), inserts(5)], 'soon durable'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).toEqual([1, 4, 5]);
  });

  it('leave nothing open behind those that failed', async () => {
    for (let round = 0; round < 15; round += 1) {
      await expect(database.atomically([inserts(1), inserts(1)], 'durable')).rejects.toThrow();
    }
    expect(await database.change(inserts(1), 'durable')).toBe(1);
    expect(await stored()).toEqual([1]);
  });

  if (kind.name === 'SQLite')
    describe('on a full disk', () => {
      it('are refused as long as it is full, all that were asked for at once', async () => {
        const [{ page_count: pages } = { page_count: 0 }] =
          await database.source.query<{ page_count: number }[]>('PRAGMA page_count');
        await database.source.query(`PRAGMA max_page_count = ${String(pages + 3)}`);
        const large = 'x'.repeat(9_000);
        const refused = [1, 2, 3, 4].map((id) => database.change(inserts(id, large), 'durable'));
        const results = await Promise.allSettled(refused);
        expect(results.map(({ status }) => status)).toContain('rejected');
        const kept = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 1] : []));
        expect(await stored()).toEqual(kept);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'unavailable' });
        }
        await database.source.query('PRAGMA max_page_count = 1000000');
        expect(await database.change(inserts(9, large), 'durable')).toBe(1);
      });
    });
});
