import { Queue } from 'bullmq';
import { type Redis } from 'ioredis';
import { labelSetText } from '../../../kernel/agent-labels.js';
import { type WaitingJob } from '../../job-dispatcher.port.js';
import { type RedisQueueOptions } from './connection.js';

/** BullMQ keeps an id for an agent so long, until it is decided who runs the job; an agent that died over it is noticed then. */
export const LOCK_MS = 5_000;
/** Each is a script that holds Redis up for a moment. */
const ADDED_AT_ONCE = 200;

/** BullMQ's priorities begin at 1, our ranks at -1,000. Every second is left for what has a turn: it comes before what has none yet. */
export function priorityOf(rank: number): number {
  return 2 * (rank + 1_000) + 3;
}

/** The queue that all agents with exactly these labels take their jobs from. */
export function queueNameOf(labels: readonly string[]): string {
  const set = labelSetText(labels);
  return set === '' ? 'jobs' : `jobs@${set}`;
}

/** The labels that a {@link queueNameOf} names. */
export function labelSetIn(queueName: string): string {
  return queueName.slice('jobs@'.length);
}

/** One BullMQ queue of ids, with the few things that are asked of it. */
export class LabelQueue {
  readonly name: string;
  private readonly queue: Queue;

  constructor(
    labels: readonly string[],
    { prefix }: RedisQueueOptions,
    private readonly redis: Redis,
  ) {
    this.name = queueNameOf(labels);
    this.queue = new Queue(this.name, {
      connection: redis,
      prefix,
      // Which needs a right that a user of Redis may not have.
      skipVersionCheck: true,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
      // Nobody reads them; BullMQ can't be told to write none.
      streams: { events: { maxLen: 1 } },
    });
    // The connection tells its own faults.
    this.queue.on('error', () => undefined);
  }

  /** Under which whoever fills the queue keeps what it knows of it. */
  keyOf(what: string): string {
    return this.queue.toKey(what);
  }

  /** What is in it already stays where it is. */
  async add(jobs: readonly WaitingJob[]): Promise<void> {
    for (let start = 0; start < jobs.length; start += ADDED_AT_ONCE) {
      await this.queue.addBulk(
        jobs.slice(start, start + ADDED_AT_ONCE).map(({ id, rank }) => ({
          name: 'job',
          data: {},
          opts: { jobId: id, priority: priorityOf(rank) },
        })),
      );
    }
  }

  /** As {@link add}, for ids that are in none of its lists: what else Redis remembers of one must not keep it out. */
  async addAnew(jobs: readonly WaitingJob[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.redis.unlink(...jobs.map(({ id }) => this.keyOf(id)));
    await this.add(jobs);
  }

  size(): Promise<number> {
    return this.queue.getPrioritizedCount();
  }

  /** Ids in their order. */
  ids(): Promise<string[]> {
    return this.queue.getRanges(['prioritized'], 0, -1, true);
  }

  /** Ids that agents have taken, and about which it is not decided yet whether they run there. */
  activeIds(): Promise<string[]> {
    return this.queue.getRanges(['active'], 0, -1);
  }

  /** Takes ids out that no agent has got yet. */
  async remove(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.queue.remove(id)));
  }

  /** Leaves no key of it behind; what it held waits in the database. */
  async erase(): Promise<void> {
    const ids = await this.queue.getRanges(['prioritized', 'wait', 'active', 'failed', 'completed'], 0, -1);
    const ofJobs = ids.flatMap((id) => [this.keyOf(id), `${this.keyOf(id)}:lock`]);
    // Not by BullMQ's `obliterate`: it pauses the queue first, and a queue that was left paused serves nobody.
    await this.redis.unlink(...Object.values(this.queue.keys), ...ofJobs);
  }

  async close(): Promise<void> {
    await this.queue.close();
  }
}
