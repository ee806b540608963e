import { type WaitingJob } from '../job-dispatcher.port.js';

/** For sorting: what runs first comes first. */
export function inOrder(a: WaitingJob, b: WaitingJob): number {
  return a.rank - b.rank || (a.id < b.id ? -1 : 1);
}
