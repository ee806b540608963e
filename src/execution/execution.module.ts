import { type DynamicModule, type InjectionToken, Module, type ModuleMetadata } from '@nestjs/common';
import { EndNews, NoOtherServers } from './end-news.port.js';
import { JobDispatcher, JobFeed, LiveAgents, WaitingJobs } from './job-dispatcher.port.js';
import { LiveOutput, OutputDesk } from './live-output.port.js';
import { InProcessOutput } from './queue/in-process-output.js';
import { InProcessQueue } from './queue/in-process-queue.js';
import { type RedisQueueOptions } from './queue/redis/connection.js';

/** Which queue, and for whom. */
export interface ExecutionOptions {
  /** Null: the queue is in this process. */
  readonly redis: RedisQueueOptions | null;
  /** Of the agent in this process. */
  readonly labels: readonly string[];
}

export interface ExecutionModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  readonly inject: InjectionToken[];
  readonly useFactory: (...dependencies: never[]) => ExecutionOptions;
}

/** Only where there is one: BullMQ is a tenth of all that is loaded at a start. */
const redisQueue = () => import('./queue/redis/index.js');

/** The agent's end of a queue in Redis, alone. */
@Module({})
export class FeedModule {
  static register({ redis, labels }: { redis: RedisQueueOptions; labels: readonly string[] }): DynamicModule {
    const feed = {
      provide: JobFeed,
      useFactory: async () => new (await redisQueue()).RedisFeed(redis, labels),
    };
    const desk = {
      provide: OutputDesk,
      useFactory: async () => new (await redisQueue()).RedisOutputDesk(redis),
    };
    return { module: FeedModule, providers: [feed, desk], exports: [JobFeed, OutputDesk] };
  }
}

const OPTIONS = Symbol('ExecutionOptions');

/** Brings jobs to agents: within this process, or through Redis. */
@Module({})
export class ExecutionModule {
  /** `imports` must provide {@link WaitingJobs} and {@link LiveAgents}, and what `inject` names. */
  static register({ imports, inject, useFactory }: ExecutionModuleOptions): DynamicModule {
    const dispatcher = {
      provide: JobDispatcher,
      inject: [OPTIONS, WaitingJobs, LiveAgents],
      useFactory: async ({ redis, labels }: ExecutionOptions, waiting: WaitingJobs, agents: LiveAgents) =>
        redis === null
          ? new InProcessQueue(waiting, labels)
          : new (await redisQueue()).RedisDispatcher(redis, waiting, agents),
    };
    const feed = {
      provide: JobFeed,
      inject: [OPTIONS, JobDispatcher],
      useFactory: async ({ redis, labels }: ExecutionOptions, queue: JobDispatcher) =>
        redis === null ? queue : new (await redisQueue()).RedisFeed(redis, labels),
    };
    const news = {
      provide: EndNews,
      inject: [OPTIONS],
      useFactory: async ({ redis }: ExecutionOptions) =>
        redis === null ? new NoOtherServers() : new (await redisQueue()).RedisEndNews(redis),
    };
    const output = {
      provide: LiveOutput,
      inject: [OPTIONS],
      useFactory: async ({ redis }: ExecutionOptions) =>
        redis === null ? new InProcessOutput() : new (await redisQueue()).RedisLiveOutput(redis),
    };
    const desk = {
      provide: OutputDesk,
      inject: [OPTIONS, LiveOutput],
      useFactory: async ({ redis }: ExecutionOptions, both: LiveOutput) =>
        redis === null ? both : new (await redisQueue()).RedisOutputDesk(redis),
    };
    return {
      module: ExecutionModule,
      imports,
      providers: [{ provide: OPTIONS, inject, useFactory }, dispatcher, feed, news, output, desk],
      exports: [JobDispatcher, JobFeed, EndNews, LiveOutput, OutputDesk],
    };
  }
}
