import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { monotonicNow } from '../../../kernel/clock.js';
import { connect, listenTo, type RedisQueueOptions } from './connection.js';
import { jobsIn } from './job-list.js';

const ECHO_EVERY_MS = 500;
/** Without an echo for so long nothing is heard. */
const DEAF_AFTER_MS = 1_500;
/** And for so long the connection is taken for dead. */
const RECONNECT_AFTER_MS = 10_000;

/** Where all agents are told that jobs must not run any more; of what they miss they learn with their next sign of life. */
export function recallChannelOf({ prefix }: RedisQueueOptions): string {
  return `${prefix}:recalls`;
}

/** Hears recalls, and knows whether it would: it listens to an echo of its own on the same connection. */
export class RecallListener {
  private readonly logger = new Logger('JobQueue');
  private readonly redis: Redis;
  private readonly echo: string;
  private readonly timer: NodeJS.Timeout;
  private since: number | null = null;
  private heardAt = Number.NEGATIVE_INFINITY;
  private subscribedAt = Number.NEGATIVE_INFINITY;

  /** @param speaker the connection on which the echo is sent */
  constructor(
    options: RedisQueueOptions,
    private readonly speaker: Redis,
    private readonly onRecall: (jobId: string) => void,
  ) {
    this.redis = connect(options, 'recalls');
    this.echo = `${options.prefix}:echo:${randomUUID()}`;
    this.redis.on('ready', () => {
      this.subscribedAt = monotonicNow();
    });
    this.redis.on('close', () => {
      this.since = null;
    });
    this.redis.on('message', (channel: string, message: string) => {
      const now = monotonicNow();
      this.since = this.hearingSince() ?? now;
      this.heardAt = now;
      if (channel !== this.echo) this.take(message);
    });
    listenTo(this.redis, [recallChannelOf(options), this.echo]);
    this.timer = setInterval(() => {
      this.call();
    }, ECHO_EVERY_MS);
  }

  /** In ms of `monotonicNow()`; null: it hears nothing. */
  hearingSince(): number | null {
    if (monotonicNow() - this.heardAt >= DEAF_AFTER_MS) this.since = null;
    return this.since;
  }

  close(): void {
    clearInterval(this.timer);
    this.redis.disconnect();
  }

  private call(): void {
    if (this.speaker.status !== 'ready') return;
    this.speaker.publish(this.echo, '').catch(() => undefined);
    const silentMs = monotonicNow() - Math.max(this.heardAt, this.subscribedAt);
    if (this.redis.status === 'ready' && silentMs >= RECONNECT_AFTER_MS) this.redis.disconnect(true);
  }

  private take(message: string): void {
    const ids = jobsIn(message);
    if (ids === undefined) this.logger.warn('something that is no list of jobs was recalled');
    else ids.forEach(this.onRecall);
  }
}
