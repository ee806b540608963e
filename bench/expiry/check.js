import { existsSync } from 'node:fs';
import { openDatabase } from '../shared/bulk-jobs.js';

/**
 * Fails unless all `jobs` have expired and none of them ran.
 *
 * @param {{ databaseUrl: string, ran: string }} target
 * @param {{ jobs: number, start: number, withinMs: number }} plan when the first of them expires, and how long until
 *   the last does
 * @returns {Promise<number[]>} how long after its time each was gone, in ms
 */
export async function checkExpired({ databaseUrl, ran }, { jobs, start, withinMs }) {
  const database = await openDatabase(databaseUrl);
  const rows = await database.rows(
    `SELECT id, gone_at AS goneAt, attempt FROM job_manager_jobs WHERE state = 'expired' ORDER BY id`,
  );
  await database.close();
  if (rows.length !== jobs) throw new Error(`${rows.length} of ${jobs} jobs have expired`);
  if (existsSync(ran) || rows.some(({ attempt }) => attempt !== 0))
    throw new Error('a job ran that has expired');
  return rows.map(({ id, goneAt }) => {
    const n = Number.parseInt(String(id).slice(-12), 16);
    return Number(goneAt) - (start + Math.floor((n * withinMs) / jobs));
  });
}
