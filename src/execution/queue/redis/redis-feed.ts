import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { type Job, Worker } from 'bullmq';
import { type Redis } from 'ioredis';
import { messageOf } from '../../../kernel/errors.js';
import { isUuid } from '../../../kernel/ids.js';
import { type Consumer, JobFeed, type JobHandler } from '../../job-dispatcher.port.js';
import { RunningJobs } from '../running-jobs.js';
import { connect, inTime, type RedisQueueOptions } from './connection.js';
import { LOCK_MS, queueNameOf } from './label-queue.js';
import { RecallListener } from './recalls.js';

const AGAIN_AFTER_FAULT_MS = 500;
const BLOCK_SECONDS = 5;

/** Takes jobs that servers offer through Redis, for an agent with certain labels. */
export class RedisFeed extends JobFeed {
  constructor(
    private readonly options: RedisQueueOptions,
    private readonly labels: readonly string[],
  ) {
    super();
  }

  consume(concurrency: number, handler: JobHandler): Consumer {
    return new RedisConsumer(this.options, queueNameOf(this.labels), { concurrency, handler });
  }
}

/**
 * BullMQ's worker, driven by hand: an id is taken only where there is a place for the job, and is done with as soon as it
 * is decided whether the job runs here. From then on the lease in the database watches over it, not the queue.
 */
class RedisConsumer implements Consumer {
  private readonly logger = new Logger('JobQueue');
  private readonly redis: Redis;
  private readonly worker: Worker;
  private readonly listener: RecallListener;
  private readonly running: RunningJobs;
  private readonly token = randomUUID();
  private readonly draining = new AbortController();
  private readonly telling = new Set<Promise<unknown>>();
  private isTaking = true;
  private readonly taking: Promise<void>;
  private wake: () => void = () => undefined;

  constructor(
    options: RedisQueueOptions,
    queueName: string,
    { concurrency, handler }: { concurrency: number; handler: JobHandler },
  ) {
    this.running = new RunningJobs(concurrency, handler, () => {
      this.wake();
    });
    this.redis = connect(options, 'jobs');
    this.worker = new Worker(queueName, null, {
      connection: this.redis,
      prefix: options.prefix,
      autorun: false,
      // Also of an id whose options another server has just replaced.
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      skipVersionCheck: true,
      drainDelay: BLOCK_SECONDS,
      runRetryDelay: AGAIN_AFTER_FAULT_MS,
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS,
      // Only the database says that a job was tried too often.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
    });
    this.worker.on('error', () => undefined);
    this.listener = new RecallListener(options, this.redis, (jobId) => {
      this.running.interrupt(jobId, 'recalled');
    });
    this.taking = this.takeAll();
  }

  hearingSince(): number | null {
    return this.listener.hearingSince();
  }

  async drain(graceMs: number): Promise<void> {
    this.isTaking = false;
    this.draining.abort();
    this.wake();
    await this.running.drain(graceMs);
    // A Redis that is away would answer none of it, and none of it is needed: the database knows.
    await inTime(Promise.allSettled([this.worker.close(true), this.taking, ...this.telling]));
    this.listener.close();
    this.redis.disconnect();
  }

  private async takeAll(): Promise<void> {
    this.worker.startStalledCheckTimer().catch(() => undefined);
    while (this.isTaking) {
      if (this.running.hasPlace) await this.takeOne();
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private async takeOne(): Promise<void> {
    try {
      // Which BullMQ's types leave out.
      const job = (await this.worker.getNextJob(this.token)) as Job | undefined;
      if (job === undefined) return;
      if (!isUuid(job.id)) await this.dropStray(job);
      else if (this.isTaking) void this.take(job, job.id);
      else await this.putBack(job);
    } catch (error) {
      this.logger.debug(`no job could be taken, trying again: ${messageOf(error)}`);
      await this.pause();
    }
  }

  /** Whoever reaches Redis can put in anything. */
  private async dropStray(job: Job): Promise<void> {
    this.logger.warn(`something that is no job was in the queue: ${String(job.id).slice(0, 100)}`);
    await this.inQueue(() => job.moveToCompleted('', this.token, false));
  }

  private async take(job: Job, id: string): Promise<void> {
    if (this.running.has(id)) {
      // Offered again while the end of an earlier attempt is still being told.
      await this.running.whenOver(id);
      await this.inQueue(() => this.putBack(job));
      return;
    }
    try {
      await this.running.begin(id).decided;
    } catch (error) {
      this.logger.error({ jobId: id, err: error, msg: 'a job could not be claimed' });
      await this.pause();
      await this.inQueue(() => this.putBack(job));
      return;
    }
    await this.inQueue(() => job.moveToCompleted('', this.token, false));
  }

  private async putBack(job: Job): Promise<void> {
    await job.moveToWait(this.token);
    // Which wakes whoever waits for a job; BullMQ forgets it where the job has a priority.
    await this.redis.zadd(this.worker.toKey('marker'), 0, '0');
  }

  /** Where Redis has forgotten the id, or is away, nothing is lost: the database knows. */
  private async inQueue(action: () => Promise<unknown>): Promise<void> {
    const told = action().catch((error: unknown) => {
      this.logger.debug(`the queue was not told: ${messageOf(error)}`);
    });
    this.telling.add(told);
    await told;
    this.telling.delete(told);
  }

  private async pause(): Promise<void> {
    await delay(AGAIN_AFTER_FAULT_MS, undefined, { signal: this.draining.signal }).catch(() => undefined);
  }
}
