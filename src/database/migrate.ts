import { type DataSource } from 'typeorm';
import { dialectOfType } from './dialect.js';

const LOCK_WAIT_SECONDS = 60;

/**
 * Runs what is pending. Servers that start at the same time wait for each other (MySQL), so that each
 * migration runs once. Throws where the lock can't be had within a minute, or a migration fails.
 */
export async function migrate(source: DataSource): Promise<void> {
  if (dialectOfType(source.options.type) === 'sqlite') {
    await source.runMigrations({ transaction: 'each' });
    return;
  }
  const lock = `${source.driver.database ?? ''}.${source.options.entityPrefix ?? ''}migrations`.slice(-64);
  const runner = source.createQueryRunner();
  try {
    const rows = (await runner.query('SELECT GET_LOCK(?, ?) AS held', [lock, LOCK_WAIT_SECONDS])) as {
      held: unknown;
    }[];
    if (Number(rows[0]?.held) !== 1) throw new Error('another server holds the migration lock');
    await source.runMigrations({ transaction: 'none' });
  } finally {
    // Also where it was not had: that is no error.
    await runner.query('SELECT RELEASE_LOCK(?)', [lock]).catch(() => undefined);
    await runner.release();
  }
}
