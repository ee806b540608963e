import { type IncomingMessage } from 'node:http';
import { DomainError } from '../kernel/errors.js';

/** How long a caller may take to send a body that is read into memory. */
const BODY_WITHIN_MS = 60_000;
/** After a refusal: what is still taken off the line, so that the caller reads the answer and not a reset. */
const MAX_DISCARDED_BYTES = 67_108_864;
const DISCARD_WITHIN_MS = 2_000;

/**
 * The whole body of a request.
 *
 * @param withinMs how long it may take
 * @throws DomainError too_large above `maxBytes`, invalid_request where it ends early, too_slow
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  withinMs = BODY_WITHIN_MS,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    new BodyReading(maxBytes, { resolve, reject }).start(request, withinMs);
  });
}

interface Outcome {
  resolve(body: Buffer): void;
  reject(error: DomainError): void;
}

type BodyEnd = 'whole' | 'cut off' | 'too slow';

class BodyReading {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private isTooLarge = false;
  private isOver = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly maxBytes: number,
    private readonly outcome: Outcome,
  ) {}

  start(request: IncomingMessage, withinMs: number): void {
    this.limitTime(withinMs);
    if (Number(request.headers['content-length']) > this.maxBytes) this.startDiscarding();
    request
      .on('data', (chunk: Buffer) => {
        this.take(chunk);
      })
      .once('end', () => {
        this.finish('whole');
      })
      .once('error', () => {
        this.finish('cut off');
      })
      .once('close', () => {
        this.finish('cut off');
      });
  }

  private take(chunk: Buffer): void {
    this.size += chunk.length;
    if (!this.isTooLarge && this.size > this.maxBytes) this.startDiscarding();
    if (!this.isTooLarge) this.chunks.push(chunk);
    else if (this.size > this.maxBytes + MAX_DISCARDED_BYTES) this.finish('cut off');
  }

  private startDiscarding(): void {
    this.isTooLarge = true;
    this.chunks.length = 0;
    this.limitTime(DISCARD_WITHIN_MS);
  }

  private limitTime(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.finish('too slow');
    }, milliseconds);
  }

  /** Only the first call counts: after its end, every request is closed as well. */
  private finish(end: BodyEnd): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    if (this.isTooLarge) {
      this.outcome.reject(new DomainError('too_large', `The body is larger than ${this.maxBytes} bytes.`));
    } else if (end === 'whole') {
      const [only, ...others] = this.chunks;
      const isOneChunk = only !== undefined && others.length === 0;
      this.outcome.resolve(isOneChunk ? only : Buffer.concat(this.chunks, this.size));
    } else if (end === 'too slow') {
      this.outcome.reject(new DomainError('too_slow', 'The body did not arrive in time.'));
    } else {
      this.outcome.reject(new DomainError('invalid_request', 'The body ended early.'));
    }
  }
}
