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
 * @throws DomainError too_large above `maxBytes`, invalid_request where it ends early or takes too long
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    new BodyReading(maxBytes, { resolve, reject }).start(request);
  });
}

interface Outcome {
  resolve(body: Buffer): void;
  reject(error: DomainError): void;
}

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

  start(request: IncomingMessage): void {
    this.limitTime(BODY_WITHIN_MS);
    if (Number(request.headers['content-length']) > this.maxBytes) this.startDiscarding();
    request
      .on('data', (chunk: Buffer) => {
        this.take(chunk);
      })
      .once('end', () => {
        this.finish(true);
      })
      .once('error', () => {
        this.finish(false);
      })
      .once('close', () => {
        this.finish(false);
      });
  }

  private take(chunk: Buffer): void {
    this.size += chunk.length;
    if (!this.isTooLarge && this.size > this.maxBytes) this.startDiscarding();
    if (!this.isTooLarge) this.chunks.push(chunk);
    else if (this.size > this.maxBytes + MAX_DISCARDED_BYTES) this.finish(false);
  }

  private startDiscarding(): void {
    this.isTooLarge = true;
    this.chunks.length = 0;
    this.limitTime(DISCARD_WITHIN_MS);
  }

  private limitTime(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.finish(false);
    }, milliseconds);
  }

  /** Only the first call counts: after its end, every request is closed as well. */
  private finish(isWhole: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    if (this.isTooLarge) {
      this.outcome.reject(new DomainError('too_large', `The body is larger than ${this.maxBytes} bytes.`));
    } else if (isWhole) {
      const [only, ...others] = this.chunks;
      const isOneChunk = only !== undefined && others.length === 0;
      this.outcome.resolve(isOneChunk ? only : Buffer.concat(this.chunks, this.size));
    } else {
      this.outcome.reject(new DomainError('invalid_request', 'The body ended early or came too slowly.'));
    }
  }
}
