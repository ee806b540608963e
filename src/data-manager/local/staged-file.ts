import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  write,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { syncDescriptor } from './folder-sync.js';
import { onDisk } from './storage-error.js';

/** Bytes on the store's disk that are no file yet: they become one by rename, or are discarded. */
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

// Never follows a link, never waits for a writer of a FIFO.
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const SMALL_BYTES = 64 * 1024;
const CHUNK_BYTES = 256 * 1024;
const writeBytes = promisify(write);

/** Writes a stream to a new file. Nothing is left where it fails; holds a few chunks in memory at most. */
export async function stageStream(path: string, source: Readable, signal?: AbortSignal): Promise<StagedFile> {
  if (signal !== undefined) addAbortSignal(signal, source);
  // The stream may fail while the file is being opened, when nothing reads it yet.
  source.on('error', () => undefined);
  try {
    const descriptor = await onDisk(() => openSync(path, 'wx', 0o600));
    const digest = await copyInto(descriptor, source);
    return { path, ...digest, durable: syncAndClose(descriptor), owned: false };
  } catch (error) {
    source.destroy();
    await rm(path, { force: true });
    signal?.throwIfAborted();
    throw error;
  }
}

/** Leaves the descriptor open, unless it fails. */
async function copyInto(descriptor: number, source: Readable): Promise<Digest> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
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

/**
 * Prepares a file that the caller hands over. Undefined where it must be copied instead: a further hard link
 * would let somebody write to it later.
 */
export async function stageOwned(path: string, signal?: AbortSignal): Promise<StagedFile | undefined> {
  const descriptor = openSync(path, SAFE_READ);
  let kept = false;
  try {
    const found = fstatSync(descriptor);
    const { mode, nlink, size } = found;
    if (nlink !== 1 || !found.isFile()) return undefined;
    // Only where needed: it dirties the inode once more.
    if ((mode & 0o7777) !== 0o600) fchmodSync(descriptor, 0o600);
    const digest = size <= SMALL_BYTES ? digestOfSmall(descriptor) : await digestOf(descriptor, signal);
    kept = true;
    return { path, ...digest, durable: syncAndClose(descriptor), owned: true };
  } finally {
    if (!kept) closeSync(descriptor);
  }
}

/** At once: it was written a moment ago, and a stream costs far more than so few bytes from memory. */
function digestOfSmall(descriptor: number): Digest {
  const content = readFileSync(descriptor);
  return { size: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

async function digestOf(fd: number, signal?: AbortSignal): Promise<Digest> {
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

async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await writeBytes(descriptor, bytes, written);
    written += bytesWritten;
  }
}

function syncAndClose(descriptor: number): Promise<void> {
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

/** Removes staged bytes; those that are the caller's own file stay with the caller. */
export async function discard(staged: StagedFile): Promise<void> {
  if (!staged.owned) await rm(staged.path, { force: true });
}
