import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { hasAll, labelSetText, labelsIn } from '../../../kernel/agent-labels.js';
import { messageOf } from '../../../kernel/errors.js';
import {
  JobDispatcher,
  type LiveAgents,
  type WaitingJob,
  type WaitingJobs,
} from '../../job-dispatcher.port.js';
import { connect, type RedisQueueOptions } from './connection.js';
import { LabelQueue, labelSetIn } from './label-queue.js';
import { NewsSender } from './news-sender.js';
import { recallChannelOf } from './recalls.js';
import { SharedWindow } from './shared-window.js';

const LOOK_EVERY_MS = 1_000;

/** In ms. */
export interface DispatcherTiming {
  /** An offer may get lost on its way, and nobody notices: so often it is asked what waits, though all seems known. */
  readonly doubtAfterMs: number;
  /** A queue goes when no agent has been there for so long that it would be of any use to. */
  readonly eraseAfterMs: number;
}

const TIMING: DispatcherTiming = { doubtAfterMs: 15_000, eraseAfterMs: 30_000 };

interface Served {
  readonly window: SharedWindow;
  /** When an agent with these labels was last alive, as far as this server knows. */
  liveAt: number;
}

/**
 * Offers jobs to agents in other processes, through BullMQ on Redis: one queue for each set of labels that live agents
 * have. A job is in all queues whose agents may run it, and the database decides who does.
 * See `docs/decisions/0008-queues-by-labels.md`.
 */
export class RedisDispatcher extends JobDispatcher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('JobQueue');
  private readonly redis: Redis;
  private readonly recalls: NewsSender<string>;
  private readonly served = new Map<string, Served>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private isFaulty = false;

  constructor(
    private readonly options: RedisQueueOptions,
    private readonly waiting: WaitingJobs,
    private readonly agents: LiveAgents,
    private readonly timing = TIMING,
  ) {
    super();
    this.redis = connect(options, 'queue');
    this.recalls = new NewsSender<string>(this.redis, recallChannelOf(options));
    this.redis.on('ready', () => {
      // It may be another Redis, or have come back with an old memory.
      for (const { window } of this.served.values()) window.doubt();
    });
  }

  offer(job: WaitingJob): void {
    for (const { window } of this.served.values()) {
      if (hasAll(window.options.labels, job.requires)) window.offer(job);
    }
  }

  recall(jobId: string): void {
    for (const { window } of this.served.values()) window.withdraw(jobId);
    this.recalls.tell([jobId]);
  }

  lookAgain(): void {
    for (const { window } of this.served.values()) window.doubt();
  }

  onApplicationBootstrap(): void {
    this.look();
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_EVERY_MS);
    this.timer.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.served.values()].map(({ window }) => window.close()));
    this.redis.disconnect();
  }

  private look(): void {
    this.looking ??= this.lookAround().finally(() => {
      this.looking = undefined;
    });
  }

  private async lookAround(): Promise<void> {
    try {
      for (const labels of await this.agents.labelSets())
        this.serve(labelSetText(labels)).liveAt = performance.now();
      if (this.redis.status === 'ready') await this.keepRegister();
      this.isFaulty = false;
    } catch (error) {
      if (!this.isFaulty)
        this.logger.warn(`the live agents are not known, trying again: ${messageOf(error)}`);
      this.isFaulty = true;
    }
  }

  private serve(set: string): Served {
    const known = this.served.get(set);
    if (known !== undefined) return known;
    const labels = labelsIn(set);
    const queue = new LabelQueue(labels, this.options, this.redis);
    const window = new SharedWindow(queue, this.redis, {
      labels,
      waiting: this.waiting,
      doubtAfterMs: this.timing.doubtAfterMs,
      windows: () => this.served.size,
    });
    const served = { window, liveAt: performance.now() };
    this.served.set(set, served);
    return served;
  }

  /** All queues are written down in Redis: whoever made one may not be there to take it away. */
  private async keepRegister(): Promise<void> {
    const register = `${this.options.prefix}:queues`;
    const written = await this.redis.smembers(register);
    written.forEach((name) => this.serve(labelSetIn(name)));
    for (const [set, { window, liveAt }] of this.served) {
      if (performance.now() - liveAt >= this.timing.eraseAfterMs) {
        this.served.delete(set);
        await window.erase();
        await this.redis.srem(register, window.name);
      } else if (!written.includes(window.name)) await this.redis.sadd(register, window.name);
    }
  }
}
