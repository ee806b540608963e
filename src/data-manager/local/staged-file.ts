import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, write } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { syncDescriptor } from './folder-sync.js';
import { onDisk } from './storage-error.js';

/** Bytes on the store's disk that are no file yet: they become one by rename. */
export interface StagedFile {
  readonly path: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Resolves once the bytes are durable. */
  readonly durable: Promise<void>;
  /** True where `path` is the caller's own file: it then stays where it is if it is not taken over. */
  readonly owned: boolean;
}

type Digest = Pick<StagedFile, 'size' | 'sha256'>;

/** What is written, chunk by chunk; what it throws is passed on as it is. */
export type Content = AsyncIterable<Buffer | string>;

const CHUNK_BYTES = 256 * 1024;
const writeBytes = promisify(write);

/** Writes a new file. Nothing is left where it fails; holds a few chunks in memory at most. */
export async function writeStaged(path: string, content: Content): Promise<StagedFile> {
  try {
    const descriptor = await onDisk(() => openSync(path, 'wx', 0o600));
    const digest = await copyInto(descriptor, content);
    return { path, ...digest, durable: syncAndClose(descriptor), owned: false };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Leaves the descriptor open, unless it fails. */
async function copyInto(descriptor: number, content: Content): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of content) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      hash.update(bytes);
      size += bytes.length;
      await onDisk(() => writeAll(descriptor, bytes));
    }
    return { size, sha256: hash.digest('hex') };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await writeBytes(descriptor, bytes, written);
    written += bytesWritten;
  }
}

/** Of all that lies behind an open descriptor, from its first byte. */
export async function digestOfDescriptor(fd: number, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  const content = createReadStream('', { fd, autoClose: false, start: 0, highWaterMark: CHUNK_BYTES });
  for await (const chunk of content as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}

/** Makes the bytes behind a descriptor durable, and closes it however that ends. */
export function syncAndClose(descriptor: number): Promise<void> {
  const durable = onDisk(async () => {
    try {
      await syncDescriptor(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
  // Heard of when the file is committed; until then a failure must not count as unhandled.
  durable.catch(() => undefined);
  return durable;
}
