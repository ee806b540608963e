import { Queue, QueueEvents } from 'bullmq';
import { randomUUID } from 'node:crypto';
import { connectionTo, QUEUE } from '../peers/bullmq.js';
import { whenForked } from '../shared/own-process.js';

/** @type {{ queue: Queue, events: QueueEvents } | undefined} */
let opened;

await whenForked(async (/** @type {{ target: string, jobs: number }} */ { target, jobs }) => {
  opened ??= await open(target);
  const { queue, events } = opened;
  /** @type {import('./caller.js').Times} */
  const times = { seen: [], told: [] };
  for (let index = 0; index < jobs; index += 1) {
    const id = randomUUID();
    const start = performance.now();
    const job = await queue.add('job', { id, command: 'true' }, { jobId: id });
    await job.waitUntilFinished(events);
    times.seen.push(performance.now() - start);
  }
  return times;
});

/** @param {string} target */
async function open(target) {
  const queue = new Queue(QUEUE, { connection: connectionTo(target) });
  const events = new QueueEvents(QUEUE, { connection: connectionTo(target) });
  await events.waitUntilReady();
  return { queue, events };
}
