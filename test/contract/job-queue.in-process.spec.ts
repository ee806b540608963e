import { describe } from '@jest/globals';
import { InProcessQueue } from '../../src/execution/queue/in-process-queue.js';
import { itKeepsTheContractOfAQueue } from './job-queue.contract.js';
import { itIsFairToTheUsersOfAQueue } from './job-queue.fairness.contract.js';
import { type OpenQueue } from './job-queue.harness.js';

describe('The queue in one process', () => {
  const open: OpenQueue = ({ waiting, labels, doubtAfterMs }) => {
    const queue = new InProcessQueue(waiting, labels, doubtAfterMs);
    const close = (): Promise<void> => Promise.resolve();
    return { dispatcher: queue, feedFor: () => queue, holds: () => Promise.resolve(true), close };
  };

  itKeepsTheContractOfAQueue(open);
  itIsFairToTheUsersOfAQueue(open);
});
