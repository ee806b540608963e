import { whenForked } from '../shared/own-process.js';
import { peerNamed } from './queue.js';

const { startWorker } = await peerNamed(process.argv[2]);

await whenForked(async (/** @type {import('./queue.js').WorkerOrder} */ order) => {
  await startWorker?.(order);
  return 'started';
});
