import { type Consumer } from '../../src/execution/job-dispatcher.port.js';
import { RedisDispatcher } from '../../src/execution/queue/redis/redis-dispatcher.js';
import { RedisFeed } from '../../src/execution/queue/redis/redis-feed.js';
import { type RedisSpace } from '../support/services.js';
import { FakeLiveAgents, FakeWaitingJobs } from '../support/waiting-jobs.js';

/** Several servers and agents of one queue. */
export class Fleet {
  readonly waiting = new FakeWaitingJobs();
  readonly agents = new FakeLiveAgents();
  readonly seen: string[] = [];
  private readonly dispatchers: RedisDispatcher[] = [];
  private readonly consumers: Consumer[] = [];

  constructor(readonly space: RedisSpace) {}

  server({ eraseAfterMs = 60_000, doubtAfterMs = 15_000 } = {}): RedisDispatcher {
    const dispatcher = new RedisDispatcher(this.space, this.waiting, this.agents, {
      doubtAfterMs,
      eraseAfterMs,
    });
    dispatcher.onApplicationBootstrap();
    this.dispatchers.push(dispatcher);
    return dispatcher;
  }

  /** @param whileRunning how long a job takes */
  agent(
    labels: readonly string[] = [],
    whileRunning: () => Promise<void> = () => Promise.resolve(),
  ): Consumer {
    const feed = new RedisFeed(this.space, labels);
    const consumer = feed.consume(1, ({ jobId }) => {
      if (!this.waiting.claim(jobId)) return Promise.resolve(null);
      this.seen.push(jobId);
      return Promise.resolve({ ended: whileRunning() });
    });
    this.consumers.push(consumer);
    return consumer;
  }

  async end(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.drain(0)));
    await Promise.all(this.dispatchers.map((dispatcher) => dispatcher.onApplicationShutdown()));
  }
}
