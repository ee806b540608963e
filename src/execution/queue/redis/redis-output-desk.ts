import { Logger } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { withTimeLimit } from '../../../kernel/deadline.js';
import { OutputDesk, type OutputReader, type ReadableOutputs } from '../../live-output.port.js';
import { connect, inTime, listenTo, type RedisQueueOptions } from './connection.js';
import { NewsSender } from './news-sender.js';
import { OutputSeal } from './output-seal.js';
import {
  ANSWERED_WITHIN_MS,
  askChannelOf,
  askIn,
  begunChannelOf,
  encodeAnswer,
  type OutputAsk,
  type SignedAsk,
  wordsOf,
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

  open(agent: string, outputs: ReadableOutputs): void {
    const ear = connect(this.options, 'readers of output');
    const speaker = connect(this.options, 'output');
    this.line = { ear, speaker, news: new NewsSender(speaker, begunChannelOf(this.options)) };
    ear.on('message', (_channel, message: string) => {
      const asked = askIn(message, this.options);
      if (asked === undefined) this.logger.warn('something that is no reader of output asked');
      else void this.answer(asked, outputs, speaker);
    });
    listenTo(ear, [askChannelOf(this.options, agent)]);
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

  private async answer(
    { ask, signature }: SignedAsk,
    outputs: ReadableOutputs,
    speaker: Redis,
  ): Promise<void> {
    const token = outputs.tokenOf(ask.jobId, ask.attempt);
    const seal = token === undefined ? undefined : new OutputSeal(token);
    if (seal?.isSigned(wordsOf(ask), signature) === false) {
      this.logger.warn('somebody asked for output who does not know the lease of its job');
      return;
    }
    const isWelcome = seal !== undefined && this.readers < MOST_READERS;
    const chunk = isWelcome ? await this.readInTime(ask, outputs.read) : null;
    // Where it does not arrive, whoever asked does so again.
    await speaker.publish(ask.replyTo, encodeAnswer(ask, chunk, seal)).catch(() => undefined);
  }

  private async readInTime(ask: OutputAsk, read: OutputReader): ReturnType<OutputReader> {
    this.readers += 1;
    try {
      return await withTimeLimit(ANSWERED_WITHIN_MS, this.closing.signal, async (signal) => {
        try {
          return await read(ask, signal);
        } catch (error) {
          if (!signal.aborted)
            this.logger.error({ err: error, jobId: ask.jobId, msg: 'output could not be read' });
          return null;
        }
      });
    } finally {
      this.readers -= 1;
    }
  }
}
