import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { type LeasedOutputRequest, LiveOutput, type OutputChunk } from '../../live-output.port.js';
import { connect, listenTo, type RedisQueueOptions } from './connection.js';
import { jobsIn } from './job-list.js';
import { OutputSeal } from './output-seal.js';
import {
  ANSWERED_WITHIN_MS,
  answerIn,
  askChannelOf,
  begunChannelOf,
  chunkIn,
  encodeAsk,
  newReplyChannel,
  type OutputAsk,
} from './output-wire.js';

/** What an answer may take on its way, in ms. */
const ON_ITS_WAY_MS = 2_000;

type Settle = (chunk: OutputChunk | null) => void;

/** One that waits for its answer. */
interface Asked {
  readonly ask: OutputAsk;
  readonly seal: OutputSeal;
  readonly settle: Settle;
}

/** Asks agents what their commands write, through Redis. While that is away, nobody answers. */
export class RedisLiveOutput extends LiveOutput implements OnApplicationShutdown {
  private readonly logger = new Logger('LiveOutput');
  private readonly replyChannel: string;
  private readonly speaker: Redis;
  private readonly ear: Redis;
  private readonly asked = new Map<number, Asked>();
  private lastId = 0;

  constructor(private readonly options: RedisQueueOptions) {
    super();
    this.replyChannel = newReplyChannel(options);
    this.speaker = connect(options, 'output of jobs');
    this.ear = connect(options, 'output from agents');
    this.ear.on('messageBuffer', (channel: Buffer, message: Buffer) => {
      if (channel.toString() === this.replyChannel) this.take(message);
    });
    listenTo(this.ear, [this.replyChannel, begunChannelOf(options)]);
  }

  async read(agent: string, request: LeasedOutputRequest, signal: AbortSignal): Promise<OutputChunk | null> {
    signal.throwIfAborted();
    if (this.speaker.status !== 'ready') return null;
    const id = (this.lastId += 1);
    let settle: Settle = () => undefined;
    let leave: () => void = () => undefined;
    const answered = new Promise<OutputChunk | null>((resolve, reject) => {
      settle = resolve;
      leave = () => {
        reject(signal.reason as Error);
      };
    });
    const timer = setTimeout(settle, ANSWERED_WITHIN_MS + ON_ITS_WAY_MS, null);
    signal.addEventListener('abort', leave);
    const { jobId, attempt, from, token } = request;
    const ask = { replyTo: this.replyChannel, id, jobId, attempt, from };
    const asked = { ask, settle, seal: new OutputSeal(token) };
    this.asked.set(id, asked);
    void this.ask(agent, asked);
    try {
      return await answered;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      this.asked.delete(id);
    }
  }

  listen(listener: (jobId: string) => void): void {
    const channelOfBegun = begunChannelOf(this.options);
    this.ear.on('message', (channel: string, message: string) => {
      if (channel === channelOfBegun) jobsIn(message)?.forEach(listener);
    });
  }

  onApplicationShutdown(): void {
    for (const { settle } of this.asked.values()) settle(null);
    this.ear.disconnect();
    this.speaker.disconnect();
  }

  private async ask(agent: string, { ask, seal, settle }: Asked): Promise<void> {
    try {
      const heardBy = await this.speaker.publish(askChannelOf(this.options, agent), encodeAsk(ask, seal));
      if (heardBy === 0) settle(null);
    } catch {
      settle(null);
    }
  }

  private take(message: Buffer): void {
    const answer = answerIn(message);
    if (answer === undefined) {
      this.warn();
      return;
    }
    const asked = this.asked.get(answer.id);
    // Whoever asked may not wait any more.
    if (asked === undefined) return;
    const chunk = chunkIn(answer, asked.ask, asked.seal);
    if (chunk === undefined) this.warn();
    else asked.settle(chunk);
  }

  private warn(): void {
    this.logger.warn('something that is no output was told');
  }
}
