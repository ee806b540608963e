import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type FileSource } from '../../src/data-manager/index.js';

const MEBIBYTE = 1_048_576;

/** That many bytes of all values, the same at every call. */
export function bytes(size: number): Buffer {
  const content = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) content[index] = (index * 31 + (index >> 8)) & 0xff;
  return content;
}

export function digestOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A source that can be opened any number of times. */
export function sourceOf(content: string | Buffer): FileSource {
  const whole = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(whole.length / 60_000) }, (_, piece) =>
    whole.subarray(piece * 60_000, (piece + 1) * 60_000),
  );
  return { open: () => Readable.from(pieces) };
}

/** Many mebibytes that never lie in memory at once. */
export function largeContent(mebibytes: number): { open: () => Readable; size: number; sha256: string } {
  const block = bytes(MEBIBYTE);
  const hash = createHash('sha256');
  const blocks = Array.from({ length: mebibytes }, () => block);
  for (const each of blocks) hash.update(each);
  return {
    open: () => Readable.from(blocks, { highWaterMark: 1 }),
    size: mebibytes * MEBIBYTE,
    sha256: hash.digest('hex'),
  };
}

/** A source without an end; calls `onFlow` once some of it was taken. */
export function endless(onFlow: () => void): FileSource {
  const block = Buffer.alloc(64 * 1024);
  const blocks = async function* (): AsyncGenerator<Buffer> {
    for (let sent = 0; ; sent += 1) {
      if (sent === 20) onFlow();
      yield block;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { open: () => Readable.from(blocks(), { highWaterMark: 1 }) };
}
