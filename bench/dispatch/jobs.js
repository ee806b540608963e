import { call } from '../shared/api.js';

/** What jobs require, in turns: as agents have it, so that most of them may run on several kinds of agents. */
const WISHES = [[], [], ['gpu'], ['ssd']];

/**
 * Has jobs done, so many of them under way at once.
 *
 * @param {string} url
 * @param {{ count: number, atOnce: number, whenDone: (jobId: string) => Promise<void> }} how
 * @returns {Promise<string[]>} their ids
 */
export async function submit(url, { count, atOnce, whenDone }) {
  /** @type {string[]} */
  const ids = [];
  let next = 0;
  const loop = async () => {
    for (let index = next++; index < count; index = next++) {
      const id = await acceptOne(url, index);
      ids[index] = id;
      await whenDone(id);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return ids;
}

/**
 * @param {string} url
 * @param {number} index
 */
async function acceptOne(url, index) {
  const requires = WISHES[index % WISHES.length];
  return (await call('POST', `${url}/run`, { command: 'true', requires })).job_id;
}

/**
 * Ms between acceptance and claim of each, by the server's clock.
 *
 * @param {import('mysql2/promise').Pool} database
 * @param {readonly string[]} ids
 * @returns {Promise<number[]>}
 */
export async function waitsOf(database, ids) {
  const [rows] = await database.query(
    'SELECT started_at - created_at AS wait FROM job_manager_jobs WHERE id IN (?)',
    [ids],
  );
  return /** @type {{ wait: string | number }[]} */ (rows).map(({ wait }) => Number(wait));
}

/**
 * Fails unless each job was granted once, and is as it must be.
 *
 * @param {import('mysql2/promise').Pool} database
 * @param {{ ids: readonly string[], granted: readonly string[], state: string }} expected
 */
export async function checkGranted(database, { ids, granted, state }) {
  const distinct = new Set(granted);
  if (granted.length !== ids.length || !ids.every((id) => distinct.has(id))) {
    throw new Error(`${ids.length} jobs, but ${granted.length} grants of ${distinct.size} jobs`);
  }
  const [rows] = await database.query(
    'SELECT COUNT(*) AS right_ones FROM job_manager_jobs WHERE id IN (?) AND state = ? AND attempt = 1',
    [ids, state],
  );
  const right = Number(/** @type {{ right_ones: number }[]} */ (rows)[0]?.right_ones);
  if (right !== ids.length) throw new Error(`only ${right} of ${ids.length} jobs are ${state} by attempt 1`);
}

/**
 * Waiting jobs, made from one that was accepted, as many for each thing that jobs require.
 *
 * @param {import('mysql2/promise').Pool} database
 * @param {number} count
 */
export async function storeWaiting(database, count) {
  const [columns] = await database.query('SHOW COLUMNS FROM job_manager_jobs');
  const names = /** @type {{ Field: string }[]} */ (columns).map(({ Field }) => `\`${Field}\``);
  const changed = new Map([
    ['`id`', 'UUID()'],
    ['`state`', "'queued'"],
    ['`attempt`', '0'],
    ['`requires`', "ELT(1 + seq MOD 4, '', 'gpu', 'ssd', 'gpu,ssd')"],
    ...['started_at', 'finished_at', 'agent', 'answer_id', 'exit_code'].map(
      (name) => /** @type {const} */ ([`\`${name}\``, 'NULL']),
    ),
  ]);
  await database.query(
    `INSERT INTO job_manager_jobs (${names.join(', ')})
      SELECT ${names.map((name) => changed.get(name) ?? `j.${name}`).join(', ')}
      FROM (SELECT * FROM job_manager_jobs LIMIT 1) j, seq_1_to_${count}`,
  );
}
