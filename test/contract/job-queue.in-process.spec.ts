import { describe } from '@jest/globals';
import { InProcessQueue } from '../../src/execution/queue/in-process-queue.js';
import { itKeepsTheContractOfAQueue } from './job-queue.contract.js';

describe('The queue in one process', () => {
  itKeepsTheContractOfAQueue(({ waiting, labels, doubtAfterMs }) => {
    const queue = new InProcessQueue(waiting, labels, doubtAfterMs);
    return {
      dispatcher: queue,
      feedFor: () => queue,
      holds: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    };
  });
});
