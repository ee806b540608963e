import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { DomainError } from '../../src/kernel/errors.js';
import { type JobStore, openJobStore } from '../support/job-store.js';
import { createDatabase, describeWithMysql } from '../support/services.js';

const HOUR_MS = 3_600_000;

describeWithMysql('The clock of a database', () => {
  let store: JobStore;
  beforeAll(async () => {
    store = await openJobStore((await createDatabase()).url);
  });
  afterAll(() => store.source.destroy());

  /** A database that is an hour ahead of this process, and fails so often before it answers. */
  function databaseAhead(failures: number): JobStore['database'] {
    let left = failures;
    const rows = async (): Promise<unknown[]> => {
      if (left-- > 0) throw new DomainError('unavailable', 'away');
      return Promise.resolve([{ ms: String(Date.now() + HOUR_MS) }]);
    };
    return { rows } as unknown as JobStore['database'];
  }

  it('tells the time as it is, in whatever time zone the session', async () => {
    await store.database.rows({ sql: "SET time_zone = '-11:00'", parameters: [] });
    const clock = new DatabaseClock(store.database);
    await clock.onModuleInit();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
    expect(Number.isInteger(clock.now())).toBe(true);
    clock.onApplicationShutdown();
  });

  it('follows the database, not this machine, and waits until it answers', async () => {
    const clock = new DatabaseClock(databaseAhead(1));
    await clock.onModuleInit();
    expect(Math.abs(clock.now() - Date.now() - HOUR_MS)).toBeLessThan(1_000);
    clock.onApplicationShutdown();
  });
});
