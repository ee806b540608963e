import { randomUUID } from 'node:crypto';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { isUuid } from '../../../kernel/ids.js';
import { END_STATES, EndNews, type EndState, type JobEnd } from '../../end-news.port.js';
import { connect, inTime, listenTo, type RedisQueueOptions } from './connection.js';
import { NewsSender } from './news-sender.js';

/** Short, since each end of a job is told in it. */
type Word = readonly [jobId: string, state: EndState];

/** Ends of jobs on one channel of Redis, which forgets what nobody hears. */
export class RedisEndNews extends EndNews implements OnApplicationShutdown {
  private readonly logger = new Logger('EndNews');
  private readonly channel: string;
  private readonly self = randomUUID();
  private readonly speaker: Redis;
  private readonly ear: Redis;
  private readonly sender: NewsSender<Word>;
  private readonly doubters: (() => void)[] = [];

  constructor(options: RedisQueueOptions) {
    super();
    this.channel = `${options.prefix}:ends`;
    this.speaker = connect(options, 'ends of jobs');
    this.ear = connect(options, 'ends of jobs elsewhere');
    this.sender = new NewsSender<Word>(this.speaker, this.channel, (ends) => ({ from: this.self, ends }));
    listenTo(this.ear, [this.channel], () => {
      this.doubters.forEach((doubt) => {
        doubt();
      });
    });
  }

  tell(ends: readonly JobEnd[]): void {
    this.sender.tell(ends.map(({ jobId, state }) => [jobId, state] as const));
  }

  listen(listener: (ends: readonly JobEnd[]) => void): void {
    this.ear.on('message', (_channel, message: string) => {
      const news = newsIn(message);
      if (news === undefined) this.logger.warn('something that is no list of ended jobs was told');
      else if (news.from !== this.self) listener(news.ends.map(([jobId, state]) => ({ jobId, state })));
    });
  }

  whenInDoubt(listener: () => void): void {
    this.doubters.push(listener);
  }

  async onApplicationShutdown(): Promise<void> {
    this.ear.disconnect();
    // After what is on its way.
    if (this.speaker.status === 'ready') await inTime(this.speaker.quit().catch(() => undefined));
    this.speaker.disconnect();
  }
}

/** Anybody who reaches Redis can say anything. */
function newsIn(message: string): { from: unknown; ends: Word[] } | undefined {
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value !== 'object' || value === null) return undefined;
    const { from, ends } = value as { from?: unknown; ends?: unknown };
    return Array.isArray(ends) && ends.every(isWord) ? { from, ends } : undefined;
  } catch {
    return undefined;
  }
}

function isWord(value: unknown): value is Word {
  return Array.isArray(value) && isUuid(value[0]) && END_STATES.includes(value[1] as EndState);
}
