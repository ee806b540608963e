import { randomUUID } from 'node:crypto';
import { type Redis } from 'ioredis';

/** What the key says where nothing was left out. */
export const HOLDS_ALL = 'all';

/** Sets KEYS[1] to ARGV[2] where it is still ARGV[1], or still absent where ARGV[1] is empty. */
const REPLACE = `
  local now = redis.call('GET', KEYS[1]) or ''
  if now == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end`;

/** Whether a queue in Redis holds all that waits for it: one key that all servers read and write. */
export class WindowState {
  constructor(
    private readonly redis: Redis,
    private readonly key: string,
  ) {}

  /** {@link HOLDS_ALL}; a mark of whoever left something to the database last; null: nobody knows, or Redis has forgotten. */
  read(): Promise<string | null> {
    return this.redis.get(this.key);
  }

  /** Something waits in the database only. Whoever has read the state before can't say any more that all is here. */
  async leavesOut(): Promise<void> {
    await this.redis.set(this.key, randomUUID());
  }

  /** All is here, unless something was left out since `known` was read. */
  async holdsAll(known: string | null): Promise<void> {
    await this.redis.eval(REPLACE, 1, this.key, known ?? '', HOLDS_ALL);
  }

  async forget(): Promise<void> {
    await this.redis.unlink(this.key);
  }
}
