import { createHash, randomUUID } from 'node:crypto';

/** A `multipart/form-data` body with the parts of an upload, made while it is sent. */
export class MultipartBody implements AsyncIterable<Uint8Array> {
  private readonly boundary = randomUUID();
  private readonly hash = createHash('sha256');
  private bytes = 0;
  private hasEnded = false;

  constructor(
    private readonly content: AsyncIterable<Buffer | string> | Iterable<Uint8Array>,
    private readonly metadata: Readonly<Record<string, unknown>>,
  ) {}

  get contentType(): string {
    return `multipart/form-data; boundary=${this.boundary}`;
  }

  /** What the content came to; undefined until all of it was taken. */
  digest(): { size: number; sha256: string } | undefined {
    return this.hasEnded ? { size: this.bytes, sha256: this.hash.copy().digest('hex') } : undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield Buffer.from(this.head());
    for await (const chunk of this.content) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.hash.update(bytes);
      this.bytes += bytes.length;
      if (bytes.length > 0) yield bytes;
    }
    this.hasEnded = true;
    yield Buffer.from(`\r\n--${this.boundary}--\r\n`);
  }

  private head(): string {
    // The name travels in the metadata: JSON, so that no character of it can end a header.
    return [
      `--${this.boundary}`,
      'Content-Disposition: form-data; name="metadata"',
      'Content-Type: application/json',
      '',
      JSON.stringify(this.metadata),
      `--${this.boundary}`,
      'Content-Disposition: form-data; name="file"; filename="file"',
      'Content-Type: application/octet-stream',
      '',
      '',
    ].join('\r\n');
  }
}
