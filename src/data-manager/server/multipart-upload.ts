import busboy, { type Busboy } from 'busboy';
import { type IncomingMessage } from 'node:http';
import { type Readable } from 'node:stream';
import { DomainError, messageOf } from '../../kernel/errors.js';

/** What came in one `multipart/form-data` body. */
export interface Upload<Staged> {
  readonly staged: Staged;
  /** As the file part said, without folders. */
  readonly filename: string | undefined;
  readonly metadata: string | undefined;
}

/** Where the file's bytes go while the rest of the body is still unread. */
export interface Staging<Staged> {
  stage(content: Readable): Promise<Staged>;
  discard(staged: Staged): Promise<void>;
}

const MAX_METADATA_BYTES = 64 * 1024;
const LIMITS = { fieldSize: MAX_METADATA_BYTES, fields: 8, files: 8, parts: 16, fieldNameSize: 256 };

/**
 * Reads an upload as it arrives: exactly one part `file`, at most one `metadata`, in any order.
 *
 * @throws DomainError `invalid_request` where the body is not that, or ended too early, `too_slow` where the connection's
 * timeout finds it silent; nothing stays staged
 */
export async function receiveUpload<Staged>(
  request: IncomingMessage,
  staging: Staging<Staged>,
): Promise<Upload<Staged>> {
  const reception = new Reception(request, parserFor(request), staging);
  return reception.finish();
}

function parserFor(request: IncomingMessage): Busboy {
  if (request.readableEnded) {
    throw new Error('the body of the upload was read by somebody else: leave multipart/form-data unparsed');
  }
  const contentType = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    throw invalid('An upload must be multipart/form-data with a part "file"');
  }
  try {
    return busboy({ headers: request.headers, defParamCharset: 'utf8', limits: LIMITS });
  } catch (error) {
    throw invalid(`The multipart body can't be read: ${messageOf(error)}`);
  }
}

class Reception<Staged> {
  private staged: Promise<Staged> | undefined;
  private metadata: Promise<string> | undefined;
  private filename: string | undefined;
  private readonly parsed: Promise<void>;
  private stop!: (failure: unknown) => void;

  constructor(
    private readonly request: IncomingMessage,
    private readonly parser: Busboy,
    private readonly staging: Staging<Staged>,
  ) {
    this.parsed = new Promise((resolve, reject) => {
      this.stop = reject;
      parser.once('close', resolve);
    });
    parser.on('error', (error) => {
      this.stop(invalid(`The multipart body is broken: ${messageOf(error)}`));
    });
    parser.on('file', (part, content, { filename }) => {
      this.onFile(part, content, filename);
    });
    parser.on('field', (part, value, { valueTruncated }) => {
      this.onField(part, value, valueTruncated);
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      parser.on(limit, () => {
        this.stop(invalid('The upload has too many parts'));
      });
    }
    this.connect();
  }

  async finish(): Promise<Upload<Staged>> {
    try {
      await this.parsed;
      const metadata = await this.metadata;
      const staged = await this.staged;
      if (staged === undefined) throw invalid('The upload has no part "file"');
      return { staged, filename: this.filename, metadata };
    } catch (failure) {
      await this.abandon();
      throw failure;
    }
  }

  private connect(): void {
    const { request, parser } = this;
    const onLost = (): void => {
      if (!request.readableEnded) this.stop(invalid('The upload ended before it was whole'));
    };
    request.once('timeout', () => {
      this.stop(new DomainError('too_slow', 'Nothing more of the upload has arrived for too long'));
    });
    request.once('error', onLost);
    request.once('close', onLost);
    request.pipe(parser);
  }

  private onFile(part: string | undefined, content: Readable, filename: string | undefined): void {
    // A part that is cut off fails its stream after the parser gave up; that was said already.
    content.on('error', () => undefined);
    if (part === 'file' && this.staged === undefined) {
      this.filename = filename;
      this.staged = this.watch(this.staging.stage(content));
    } else if (part === 'metadata' && this.metadata === undefined) {
      this.metadata = this.watch(limitedText(content));
    } else {
      this.stop(unexpectedPart(part));
    }
  }

  /** @param value undefined where it is in a charset that nobody knows */
  private onField(part: string | undefined, value: string | undefined, truncated: boolean): void {
    if (value === undefined) {
      this.stop(invalid('The charset of a part is not known here: send UTF-8'));
    } else if (part === 'metadata' && this.metadata === undefined) {
      if (truncated) this.stop(metadataTooLarge());
      this.metadata = Promise.resolve(value);
    } else if (part === 'file') {
      this.stop(invalid('The part "file" must be a file: give it a filename'));
    } else {
      this.stop(unexpectedPart(part));
    }
  }

  /** What fails in one part ends the whole reception at once. */
  private watch<T>(part: Promise<T>): Promise<T> {
    part.catch(this.stop);
    return part;
  }

  /** Whatever was staged goes; the rest of the body is read and dropped, so that the caller gets to read the answer. */
  private async abandon(): Promise<void> {
    this.request.unpipe(this.parser);
    this.request.resume();
    this.parser.destroy();
    const staged = await this.staged?.catch(() => undefined);
    if (staged !== undefined) await this.staging.discard(staged);
  }
}

async function limitedText(content: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_METADATA_BYTES) throw metadataTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function metadataTooLarge(): DomainError {
  return invalid(`The part "metadata" has more than ${MAX_METADATA_BYTES} bytes`);
}

function unexpectedPart(part: string | undefined): DomainError {
  const name = part === undefined ? 'without a name' : JSON.stringify(part.slice(0, 80));
  return invalid(`Unexpected part ${name}: an upload has one "file" and at most one "metadata"`);
}

function invalid(message: string): DomainError {
  return new DomainError('invalid_request', message);
}
