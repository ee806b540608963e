import { setTimeout as delay } from 'node:timers/promises';
import { answeringJob } from './answering-job.js';
import { load } from './installed.js';
import { connectToPostgres } from './postgres-client.js';
import { forEach } from './queue.js';

/**
 * What is used of pg-boss.
 *
 * @typedef {object} Boss
 * @property {() => Promise<unknown>} start
 * @property {() => Promise<void>} stop
 * @property {(name: string) => Promise<void>} createQueue
 * @property {(name: string, data: object, options: object) => Promise<string | null>} send
 * @property {(name: string, options: object) => Promise<{ id: string, data: import('./queue.js').PeerJob }[]>} fetch
 * @property {(name: string, id: string, output: object) => Promise<void>} complete
 */

const QUEUE = 'bench';
/** Fetched at once by each loop: less than that, and fetching costs; more, and one loop idles at the end. */
const BATCH = 10;
/** Its own `work()` looks each 500 ms, or more seldom, and keeps no answers of a batch: so the worker fetches by itself. */
const POLL_MS = 20;

/** @param {string} target */
async function startBoss(target) {
  const PgBoss = /** @type {new (options: object) => Boss} */ (load('pg-boss'));
  const boss = new PgBoss({ connectionString: target, max: 32, schedule: false });
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

/**
 * @param {string} target address of PostgreSQL, with the database
 * @returns {Promise<import('./queue.js').PeerQueue>}
 */
export async function openQueue(target) {
  const boss = await startBoss(target);
  const client = await connectToPostgres(target);
  const count = async (/** @type {string} */ where, /** @type {unknown[]} */ values) => {
    const { rows } = await client.query(`SELECT 1 FROM pgboss.job WHERE ${where} LIMIT 1`, values);
    return rows.length;
  };
  return {
    submit: async (jobs) => {
      await forEach(jobs, (job) => boss.send(QUEUE, job, { id: job.id, retryLimit: 0 }));
    },
    allEnded: async (lastId) =>
      (await count(`name = '${QUEUE}' AND id = $1 AND state < 'completed'`, [lastId])) === 0 &&
      (await count(`name = '${QUEUE}' AND state < 'completed'`, [])) === 0,
    answers: async (ids) => {
      const { rows } = await client.query(
        `SELECT id, output->>'answer' AS answer FROM pgboss.job WHERE name = '${QUEUE}' AND state = 'completed' AND id = ANY($1)`,
        [ids],
      );
      const found = /** @type {{ id: string, answer: string }[]} */ (rows);
      const answers = new Map(found.map(({ id, answer }) => [id, answer]));
      return ids.map((id) => {
        const answer = answers.get(id);
        if (answer === undefined) throw new Error(`job ${id} of pg-boss has not completed`);
        return answer;
      });
    },
    close: async () => {
      await client.end();
      await boss.stop();
    },
  };
}

/** @param {import('./queue.js').WorkerOrder} order */
export async function startWorker({ target, directory, concurrency }) {
  const boss = await startBoss(target);
  const loop = async () => {
    for (;;) {
      const jobs = await boss.fetch(QUEUE, { batchSize: BATCH });
      if (jobs.length === 0) await delay(POLL_MS);
      for (const { id, data } of jobs) await boss.complete(QUEUE, id, await answeringJob(directory, data));
    }
  };
  for (let place = 0; place < concurrency; place += 1) void loop();
}
