import { answeringJob } from './answering-job.js';
import { load } from './installed.js';
import { connectToPostgres } from './postgres-client.js';
import { forEach } from './queue.js';

/**
 * What is used of graphile-worker.
 *
 * @typedef {object} Graphile
 * @property {(options: object) => Promise<unknown>} run
 * @property {(options: object) => Promise<Utilities>} makeWorkerUtils
 * @property {new (log: () => () => void) => object} Logger
 */
/**
 * @typedef {object} Utilities
 * @property {() => Promise<void>} migrate
 * @property {(task: string, payload: object, options: object) => Promise<unknown>} addJob
 * @property {() => Promise<void>} release
 */

const TASK = 'job';

function graphile() {
  const module = /** @type {Graphile} */ (load('graphile-worker'));
  // Two lines a job would be measured as well.
  return { ...module, logger: new module.Logger(() => () => undefined) };
}

/**
 * @param {string} target address of PostgreSQL, with the database
 * @returns {Promise<import('./queue.js').PeerQueue>}
 */
export async function openQueue(target) {
  const { makeWorkerUtils, logger } = graphile();
  const utilities = await makeWorkerUtils({ connectionString: target, maxPoolSize: 32, logger });
  await utilities.migrate();
  const client = await connectToPostgres(target);
  // A job that has succeeded is no row any more; one that has failed stays.
  const left = async () => {
    const { rows } = await client.query(`SELECT last_error FROM graphile_worker.jobs LIMIT 1`);
    const [row] = /** @type {{ last_error: string | null }[]} */ (rows);
    if (row?.last_error) throw new Error(`a job of graphile-worker failed: ${row.last_error}`);
    return rows.length;
  };
  return {
    submit: async (jobs) => {
      await forEach(jobs, (job) => utilities.addJob(TASK, job, { maxAttempts: 1 }));
    },
    allEnded: async () => (await left()) === 0,
    answers: () => Promise.resolve(undefined),
    close: async () => {
      await client.end();
      await utilities.release();
    },
  };
}

/** @param {import('./queue.js').WorkerOrder} order */
export async function startWorker({ target, directory, concurrency }) {
  const { run, logger } = graphile();
  const task = async (/** @type {import('./queue.js').PeerJob} */ job) => {
    await answeringJob(directory, job);
  };
  await run({
    taskList: { [TASK]: task },
    logger,
    noHandleSignals: true,
    preset: {
      worker: {
        connectionString: target,
        concurrentJobs: concurrency,
        pollInterval: 500,
        // What its manual advises for throughput: many jobs locked at once, many ends in one statement.
        localQueue: { size: 100 },
        completeJobBatchDelay: 0,
      },
    },
  });
}
