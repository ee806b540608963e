import { type Redis } from 'ioredis';

/** Beyond it the oldest are dropped: whoever needs them learns of them in another way, later. */
const MOST_KEPT = 10_000;

/** Says things on a channel, as JSON arrays of what came together. Keeps what it could not say until Redis is back. */
export class NewsSender<Item> {
  private kept: Item[] = [];
  private sending: Promise<void> | undefined;

  /** @param wrap what is said, in words for the channel */
  constructor(
    private readonly redis: Redis,
    private readonly channel: string,
    private readonly wrap: (items: readonly Item[]) => unknown = (items) => items,
  ) {
    redis.on('ready', () => {
      this.send();
    });
  }

  tell(items: readonly Item[]): void {
    this.kept.push(...items);
    if (this.kept.length > MOST_KEPT) this.kept.splice(0, this.kept.length - MOST_KEPT);
    this.send();
  }

  private send(): void {
    if (this.kept.length === 0 || this.redis.status !== 'ready') return;
    this.sending ??= this.publish(this.kept.splice(0)).finally(() => {
      this.sending = undefined;
      this.send();
    });
  }

  private async publish(items: readonly Item[]): Promise<void> {
    try {
      await this.redis.publish(this.channel, JSON.stringify(this.wrap(items)));
    } catch {
      this.kept.unshift(...items);
    }
  }
}
