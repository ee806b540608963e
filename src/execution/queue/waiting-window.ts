import { type WaitingJob } from '../job-dispatcher.port.js';
import { inOrder } from './waiting-order.js';

/**
 * The first jobs of all that wait, in their order. It holds at most `capacity`; `complete` says whether that
 * is all of them, or whether more lie in the database.
 */
export class WaitingWindow {
  private jobs: WaitingJob[] = [];
  private ids = new Set<string>();
  private isComplete = false;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.jobs.length;
  }

  get complete(): boolean {
    return this.isComplete;
  }

  /** Keeps a job if it belongs to the first; else it is left to the database. */
  add(job: WaitingJob): void {
    if (this.ids.has(job.id)) return;
    const last = this.jobs.at(-1);
    const belongs = this.isComplete || (last !== undefined && inOrder(job, last) < 0);
    if (!belongs) return;
    this.jobs.splice(this.positionOf(job), 0, job);
    this.ids.add(job.id);
    this.trim();
  }

  /** Puts in what the database says comes first, and what was offered since it was asked. */
  fill(fromDatabase: readonly WaitingJob[], offeredSince: readonly WaitingJob[]): void {
    this.jobs = [...fromDatabase];
    this.ids = new Set(fromDatabase.map(({ id }) => id));
    this.isComplete = fromDatabase.length < this.capacity;
    offeredSince.forEach((job) => {
      this.add(job);
    });
  }

  takeFirst(): WaitingJob | undefined {
    const job = this.jobs.shift();
    if (job !== undefined) this.ids.delete(job.id);
    return job;
  }

  remove(id: string): void {
    if (this.ids.delete(id)) this.jobs = this.jobs.filter((job) => job.id !== id);
  }

  /** Forgets that this is all; the next fill finds out. */
  doubt(): void {
    this.isComplete = false;
  }

  private trim(): void {
    while (this.jobs.length > this.capacity) {
      const dropped = this.jobs.pop();
      if (dropped !== undefined) this.ids.delete(dropped.id);
      this.isComplete = false;
    }
  }

  private positionOf(job: WaitingJob): number {
    let low = 0;
    let high = this.jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.jobs[middle];
      if (at !== undefined && inOrder(at, job) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
