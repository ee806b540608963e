import { Logger } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { OutputDesk, type OutputReader } from '../../live-output.port.js';
import { connect, inTime, type RedisQueueOptions } from './connection.js';
import { NewsSender } from './news-sender.js';
import {
  ANSWERED_WITHIN_MS,
  askChannelOf,
  askIn,
  begunChannelOf,
  encodeAnswer,
  type OutputAsk,
} from './output-wire.js';

/** So many readers wait at one agent at the most; others are told that there is nothing, and ask again later. */
const MOST_READERS = 2_000;

/** Made when an agent opens it: a server without one needs none. */
interface Line {
  readonly ear: Redis;
  readonly speaker: Redis;
  readonly news: NewsSender<string>;
}

/** Answers servers that ask what this agent's commands write. */
export class RedisOutputDesk extends OutputDesk {
  private readonly logger = new Logger('OutputDesk');
  private readonly closing = new AbortController();
  private line: Line | undefined;
  private readers = 0;

  constructor(private readonly options: RedisQueueOptions) {
    super();
  }

  open(agent: string, read: OutputReader): void {
    const ear = connect(this.options, 'readers of output');
    const speaker = connect(this.options, 'output');
    this.line = { ear, speaker, news: new NewsSender(speaker, begunChannelOf(this.options)) };
    ear.on('message', (_channel, message: string) => {
      const ask = askIn(message, this.options);
      if (ask === undefined) this.logger.warn('something that is no reader of output asked');
      else void this.answer(ask, read, speaker);
    });
    ear.subscribe(askChannelOf(this.options, agent)).catch(() => undefined);
  }

  begun(jobId: string): void {
    this.line?.news.tell([jobId]);
  }

  async close(): Promise<void> {
    this.closing.abort();
    if (this.line === undefined) return;
    const { ear, speaker } = this.line;
    ear.disconnect();
    if (speaker.status === 'ready') await inTime(speaker.quit().catch(() => undefined));
    speaker.disconnect();
  }

  private async answer(ask: OutputAsk, read: OutputReader, speaker: Redis): Promise<void> {
    const chunk = this.readers < MOST_READERS ? await this.readInTime(ask, read) : null;
    // Where it does not arrive, whoever asked does so again.
    await speaker.publish(ask.replyTo, encodeAnswer({ id: ask.id, chunk })).catch(() => undefined);
  }

  private async readInTime(ask: OutputAsk, read: OutputReader): ReturnType<OutputReader> {
    const overdue = new AbortController();
    const giveUp = (): void => {
      overdue.abort();
    };
    const timer = setTimeout(giveUp, ANSWERED_WITHIN_MS);
    this.closing.signal.addEventListener('abort', giveUp);
    this.readers += 1;
    try {
      return await read(ask, overdue.signal);
    } catch (error) {
      if (!overdue.signal.aborted)
        this.logger.error({ err: error, jobId: ask.jobId }, 'output could not be read');
      return null;
    } finally {
      this.readers -= 1;
      clearTimeout(timer);
      this.closing.signal.removeEventListener('abort', giveUp);
    }
  }
}
