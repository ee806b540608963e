import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

/** Where the queue lives, and under which names. */
export interface RedisQueueOptions {
  /** `redis:` or `rediss:`, with user and password where needed. */
  readonly url: string;
  /** Before all our keys and channels. */
  readonly prefix: string;
}

const LONGEST_RECONNECT_PAUSE_MS = 1_000;
const PING_EVERY_MS = 5_000;
const LAST_ANSWERS_MS = 2_000;

/**
 * A connection that comes back by itself, as often as it is lost. What was asked for meanwhile waits.
 *
 * @param purpose for the log
 */
export function connect({ url }: RedisQueueOptions, purpose: string): Redis {
  const redis = new WatchedRedis(url, {
    // Asked for by BullMQ; whoever can't wait looks at `status` first.
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    autoResubscribe: false,
    retryStrategy: (tries) => Math.min(tries * 100, LONGEST_RECONNECT_PAUSE_MS),
  });
  tellOnce(redis, purpose);
  leaveSilence(redis, () => redis.ping());
  return redis;
}

/**
 * Listens to channels, now and whenever the connection has come back. Not by ioredis' `autoResubscribe`: nobody would hear that it
 * failed, as where the connection is closed meanwhile, and the process would end by that.
 * @param redis one that has just been made
 * @param onListening each time that it hears again; must not throw
 */
export function listenTo(
  redis: Redis,
  channels: readonly string[],
  onListening: () => void = () => undefined,
): void {
  redis.on('ready', () => {
    redis.subscribe(...channels).then(onListening, () => undefined);
  });
}

/** At the end of the process: waits for what may never be answered, but not for long. */
export async function inTime(answer: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const answered = answer.finally(() => {
    late.abort();
  });
  await Promise.race([
    answered,
    delay(LAST_ANSWERS_MS, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
}

/** BullMQ makes a connection of its own for its blocking command from the one that it is given. */
class WatchedRedis extends Redis {
  override duplicate(options?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(options);
    // That the command is answered in time, BullMQ sees to.
    leaveSilence(copy);
    return copy;
  }
}

/**
 * A machine that vanished closes no connection, and something in between may take one and answer nothing: what does not
 * answer from one look to the next is made anew. Not by ioredis' `socketTimeout`, whose timer keeps a process alive
 * that has disconnected.
 *
 * @param ask what must be answered while the connection stands; a subscriber can't be asked
 */
function leaveSilence(redis: Redis, ask?: () => Promise<unknown>): void {
  let isAnswered = true;
  const timer = setInterval(() => {
    const isJoining = redis.status === 'connect' || redis.status === 'connecting';
    const mayBeAsked = redis.status === 'ready' && redis.mode !== 'subscriber' && ask !== undefined;
    if (!isJoining && !mayBeAsked) isAnswered = true;
    else if (!isAnswered) redis.disconnect(true);
    else {
      isAnswered = false;
      const answer = mayBeAsked ? ask() : ready(redis);
      answer.then(
        () => (isAnswered = true),
        () => undefined,
      );
    }
  }, PING_EVERY_MS);
  timer.unref();
  redis.once('end', () => {
    clearInterval(timer);
  });
}

function ready(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    redis.once('ready', () => {
      resolve();
    });
  });
}

/** An outage is one line at its begin and one at its end, however often it is tried to reconnect. */
function tellOnce(redis: Redis, purpose: string): void {
  const logger = new Logger('Redis');
  let isAway = false;
  redis.on('error', (error: Error) => {
    if (!isAway) logger.warn(`Redis can not be reached (${purpose}), trying again: ${error.message}`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) logger.log(`Redis is back (${purpose})`);
    isAway = false;
  });
}
