import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { whenForked } from '../shared/own-process.js';
import { peerNamed } from './queue.js';

/** As in the load of our own service: so often is an answer compared, and so long until it is looked again. */
const CHECKED_EVERY = 20;
const LOOK_AGAIN_MS = 20;
const GIVE_UP_AFTER_MS = 60_000;

const { openQueue } = await peerNamed(process.argv[2]);
/** @type {import('./queue.js').PeerQueue | undefined} */
let queue;

await whenForked(
  async ({ target, jobs, concurrency }) => {
    // Kept for the next round.
    queue ??= await openQueue(target, concurrency);
    return round(queue, jobs);
  },
  async () => queue?.close(),
);

/**
 * @param {import('./queue.js').PeerQueue} peer
 * @param {number} count of jobs
 * @returns {Promise<number>} seconds
 */
async function round(peer, count) {
  const jobs = Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    command: index % CHECKED_EVERY === 0 ? `echo ${index}` : 'true',
  }));
  const start = performance.now();
  await peer.submit(jobs);
  await ended(peer, jobs.at(-1)?.id ?? '');
  const seconds = (performance.now() - start) / 1000;
  const answers = await peer.answers(jobs.map(({ id }) => id));
  answers?.forEach((answer, index) => {
    const expected = index % CHECKED_EVERY === 0 ? `${index}\n` : '';
    if (answer !== expected) throw new Error(`job ${index} answered ${JSON.stringify(answer)}`);
  });
  return seconds;
}

/**
 * @param {import('./queue.js').PeerQueue} peer
 * @param {string} lastId
 */
async function ended(peer, lastId) {
  const deadline = performance.now() + GIVE_UP_AFTER_MS;
  while (!(await peer.allEnded(lastId))) {
    if (performance.now() > deadline) throw new Error('the jobs of a peer do not end');
    await delay(LOOK_AGAIN_MS);
  }
}
