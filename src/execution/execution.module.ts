import { type DynamicModule, type InjectionToken, Module, type ModuleMetadata } from '@nestjs/common';
import { EndNews, NoOtherServers } from './end-news.port.js';
import { JobDispatcher, JobFeed, LiveAgents, WaitingJobs } from './job-dispatcher.port.js';
import { LiveOutput, OutputDesk } from './live-output.port.js';
import { InProcessOutput } from './queue/in-process-output.js';
import { InProcessQueue } from './queue/in-process-queue.js';
import { type RedisQueueOptions } from './queue/redis/connection.js';
import { RedisDispatcher } from './queue/redis/redis-dispatcher.js';
import { RedisEndNews } from './queue/redis/redis-end-news.js';
import { RedisFeed } from './queue/redis/redis-feed.js';
import { RedisLiveOutput } from './queue/redis/redis-live-output.js';
import { RedisOutputDesk } from './queue/redis/redis-output-desk.js';

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

/** The agent's end of a queue in Redis, alone. */
@Module({})
export class FeedModule {
  static register({ redis, labels }: { redis: RedisQueueOptions; labels: readonly string[] }): DynamicModule {
    const feed = { provide: JobFeed, useFactory: () => new RedisFeed(redis, labels) };
    const desk = { provide: OutputDesk, useFactory: () => new RedisOutputDesk(redis) };
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
      useFactory: ({ redis, labels }: ExecutionOptions, waiting: WaitingJobs, agents: LiveAgents) =>
        redis === null ? new InProcessQueue(waiting, labels) : new RedisDispatcher(redis, waiting, agents),
    };
    const feed = {
      provide: JobFeed,
      inject: [OPTIONS, JobDispatcher],
      useFactory: ({ redis, labels }: ExecutionOptions, queue: JobDispatcher) =>
        redis === null ? queue : new RedisFeed(redis, labels),
    };
    const news = {
      provide: EndNews,
      inject: [OPTIONS],
      useFactory: ({ redis }: ExecutionOptions) =>
        redis === null ? new NoOtherServers() : new RedisEndNews(redis),
    };
    const output = {
      provide: LiveOutput,
      inject: [OPTIONS],
      useFactory: ({ redis }: ExecutionOptions) =>
        redis === null ? new InProcessOutput() : new RedisLiveOutput(redis),
    };
    const desk = {
      provide: OutputDesk,
      inject: [OPTIONS, LiveOutput],
      useFactory: ({ redis }: ExecutionOptions, both: LiveOutput) =>
        redis === null ? both : new RedisOutputDesk(redis),
    };
    return {
      module: ExecutionModule,
      imports,
      providers: [{ provide: OPTIONS, inject, useFactory }, dispatcher, feed, news, output, desk],
      exports: [JobDispatcher, JobFeed, EndNews, LiveOutput, OutputDesk],
    };
  }
}
