import { Job, Queue, Worker } from 'bullmq';
import { answeringJob } from './answering-job.js';
import { forEach } from './queue.js';

export const QUEUE = 'bench';

/** @param {string} url */
export function connectionTo(url) {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port) };
}

/**
 * @param {string} target address of Redis
 * @returns {Promise<import('./queue.js').PeerQueue>}
 */
export async function openQueue(target) {
  const queue = new Queue(QUEUE, { connection: connectionTo(target) });
  await queue.waitUntilReady();
  return {
    submit: async (jobs) => {
      await forEach(jobs, (job) => queue.add('job', job, { jobId: job.id }));
    },
    allEnded: async () => (await queue.getJobCountByTypes('waiting', 'active')) === 0,
    answers: (ids) => forEach(ids, (id) => answerOf(queue, id)),
    close: () => queue.close(),
  };
}

/**
 * @param {Queue} queue
 * @param {string} id
 */
async function answerOf(queue, id) {
  /** @type {Job<import('./queue.js').PeerJob, { answer: string }> | undefined} */
  const job = await Job.fromId(queue, id);
  if (!job || !(await job.isCompleted())) throw new Error(`job ${id} of BullMQ has not completed`);
  return job.returnvalue.answer;
}

/** @param {import('./queue.js').WorkerOrder} order */
export async function startWorker({ target, directory, concurrency }) {
  const run = (/** @type {Job<import('./queue.js').PeerJob>} */ job) => answeringJob(directory, job.data);
  const worker = new Worker(QUEUE, run, { connection: connectionTo(target), concurrency });
  await worker.waitUntilReady();
}
