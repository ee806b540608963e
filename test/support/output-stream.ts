import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { eventually } from './eventually.js';
import { type JobClient, type JobInfo } from './client.js';
import { lookForSecrets } from './secrets.js';

/** What one caller has received of `GET /job_info/:job_id/output`, by a parser that is not ours. */
export class OutputStream {
  readonly events: EventSourceMessage[] = [];
  readonly comments: string[] = [];
  /** Resolves when the server has ended the answer, with false where it was broken off. */
  readonly ended: Promise<boolean>;
  private readonly leaving = new AbortController();

  private constructor(readonly response: Response) {
    this.ended = this.receive();
  }

  /** @param lastEventId of an earlier stream */
  static async open(client: JobClient, jobId: string, lastEventId?: string): Promise<OutputStream> {
    const leaving = new AbortController();
    const response = await client.stream(`/job_info/${jobId}/output`, {
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
      signal: leaving.signal,
    });
    const stream = new OutputStream(response);
    stream.leaving.signal.addEventListener('abort', () => {
      leaving.abort();
    });
    return stream;
  }

  get lastEventId(): string | undefined {
    return this.events.at(-1)?.id;
  }

  /** All bytes of the last attempt so far. */
  bytes(stream: 'stdout' | 'stderr'): Buffer {
    return bytesIn(this.events, stream);
  }

  /** What the last event tells, where that is the end. */
  get end(): (JobInfo & { readonly error?: string }) | undefined {
    const last = this.events.at(-1);
    return last?.event === 'end' ? (JSON.parse(last.data) as JobInfo) : undefined;
  }

  /** Waits until so much was received. */
  async until(condition: (stream: this) => boolean): Promise<void> {
    await eventually(() => {
      if (!condition(this)) throw new Error(`received until now: ${JSON.stringify(this.events)}`);
    });
  }

  leave(): void {
    this.leaving.abort();
  }

  private async receive(): Promise<boolean> {
    const parser = createParser({
      onEvent: (event) => {
        lookForSecrets('output', event.data);
        this.events.push(event);
      },
      onComment: (comment) => {
        this.comments.push(comment);
      },
    });
    const decoder = new TextDecoder();
    try {
      for await (const bytes of this.response.body ?? []) {
        parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
      }
      return true;
    } catch {
      return false;
    }
  }
}

/** Of the last attempt among the events. */
export function bytesIn(events: readonly EventSourceMessage[], stream: 'stdout' | 'stderr'): Buffer {
  const begin = events.findLastIndex(({ event }) => event === 'attempt');
  const pieces = events.slice(begin + 1).map(({ event, data }) => {
    if (event === stream) return Buffer.from(data);
    return event === `${stream}-base64` ? Buffer.from(data, 'base64') : Buffer.alloc(0);
  });
  return Buffer.concat(pieces);
}
