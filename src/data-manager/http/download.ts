import { createHash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { DomainError } from '../../kernel/errors.js';
import { type ByteRange, type FileInfo } from '../file-store.js';
import { Fault } from './fault.js';
import { chunksOf } from './idle.js';
import { type Retries } from './retries.js';

/** One download, which may take several requests. */
export interface Download {
  readonly info: FileInfo;
  readonly range: ByteRange;
  readonly retries: Retries;
  readonly idleMs: number;
  /** Asks for the bytes from `start` to before `end`; only answers of 200 or 206 come back. */
  request(range: ByteRange): Promise<IncomingMessage>;
}

/**
 * The bytes of the range. Where a transfer breaks off, the next request goes on from the last byte that came; what
 * the pieces add up to is still checked, by sha256 for a whole file.
 */
export async function* bytesOf(download: Download): AsyncGenerator<Buffer> {
  const { info, range, retries } = download;
  const hash = createHash('sha256');
  let start = range.start;
  while (start < range.end) {
    try {
      for await (const chunk of piece(download, start)) {
        hash.update(chunk);
        start += chunk.length;
        yield chunk;
      }
    } catch (failure) {
      await retries.next(failure);
    }
  }
  const isWhole = range.start === 0 && range.end === info.size;
  if (isWhole && hash.digest('hex') !== info.sha256) throw corrupt();
}

async function* piece(download: Download, start: number): AsyncGenerator<Buffer> {
  const { range, info, idleMs } = download;
  const response = await download.request({ start, end: range.end });
  let surplus = start - firstByteOf(response, { start, end: range.end }, info.size);
  let missing = range.end - start;
  const hasTail = response.statusCode !== 206 && range.end < info.size;
  for await (const chunk of chunksOf(response, idleMs)) {
    const skipped = Math.min(surplus, chunk.length);
    surplus -= skipped;
    const wanted = chunk.subarray(skipped, skipped + missing);
    missing -= wanted.length;
    if (wanted.length > 0) yield wanted;
    // Only a tail that nobody asked for is left unread: a body read to its end keeps the connection.
    if (missing === 0 && (hasTail || skipped + wanted.length < chunk.length)) return;
  }
  if (missing > 0) throw new Fault(`the transfer ended ${missing} bytes early`);
}

/** Where an answer begins: servers may ignore the range asked for, and send all. */
function firstByteOf(response: IncomingMessage, asked: ByteRange, size: number): number {
  if (response.statusCode !== 206) return checked(response, 0, size);
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(response.headers['content-range'] ?? '') ?? [];
  if (Number(first) === asked.start && Number(last) === asked.end - 1) {
    return checked(response, asked.start, asked.end - asked.start);
  }
  response.destroy();
  throw new Fault('it answered with another range than was asked for');
}

function checked(response: IncomingMessage, first: number, expectedBytes: number): number {
  const length = response.headers['content-length'];
  if (length === undefined || Number(length) === expectedBytes) return first;
  response.destroy();
  throw new Fault(`it announced ${length} bytes where ${expectedBytes} are due`);
}

function corrupt(): DomainError {
  return new DomainError('unavailable', 'The data manager sent other bytes than it says the file has');
}
