import { labelsIn } from '../../../kernel/agent-labels.js';
import { connect, type RedisQueueOptions } from './connection.js';
import { LabelQueue, labelSetIn } from './label-queue.js';

const SCANNED_AT_ONCE = 1_000;

/** An id that waits in a queue in Redis. */
export interface QueueEntry {
  readonly queue: string;
  readonly id: string;
}

/** What waits in Redis, whoever put it there, for those who look whether it is right. */
export class QueueEntries {
  private readonly redis;
  private readonly queues = new Map<string, LabelQueue>();

  constructor(private readonly options: RedisQueueOptions) {
    this.redis = connect(options, 'doctor');
  }

  /** Of all queues of ours. Rejects where Redis does not answer. */
  async all(): Promise<QueueEntry[]> {
    await this.redis.ping();
    const entries: QueueEntry[] = [];
    for (const queue of await this.names()) {
      for (const id of await this.queueOf(queue).ids()) entries.push({ queue, id });
    }
    return entries;
  }

  async remove({ queue, id }: QueueEntry): Promise<void> {
    await this.queueOf(queue).remove([id]);
  }

  async close(): Promise<void> {
    for (const queue of this.queues.values()) await queue.close();
    this.redis.disconnect();
  }

  private async names(): Promise<string[]> {
    const names: string[] = [];
    const [before, after] = [`${this.options.prefix}:`, ':prioritized'];
    for (let cursor = '0'; ;) {
      const [next, keys] = await this.redis.scan(
        cursor,
        'MATCH',
        `${before}jobs*${after}`,
        'COUNT',
        SCANNED_AT_ONCE,
      );
      names.push(...keys.map((key) => key.slice(before.length, -after.length)));
      if (next === '0') return [...new Set(names)].sort();
      cursor = next;
    }
  }

  private queueOf(name: string): LabelQueue {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const labels = name.includes('@') ? labelsIn(labelSetIn(name)) : [];
    const queue = new LabelQueue(labels, this.options, this.redis);
    this.queues.set(name, queue);
    return queue;
  }
}
