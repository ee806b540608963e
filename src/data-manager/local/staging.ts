import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { SMALL_FILE_BYTES, stageBytes, type StagedBytes } from './staged-bytes.js';
import {
  type Content,
  digestOfDescriptor,
  type StagedFile,
  syncAndClose,
  writeStaged,
} from './staged-file.js';

/** Bytes that are no file yet: they become one by being committed, or are discarded. */
export type Staged = StagedBytes | StagedFile;

// Never follows a link, never waits for a writer of a FIFO.
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Takes a stream in, in memory where it ends within {@link SMALL_FILE_BYTES}, else into a new file. Nothing is left
 * where it fails.
 */
export async function stageStream(
  newPath: () => string,
  source: Readable,
  signal?: AbortSignal,
): Promise<Staged> {
  if (signal !== undefined) addAbortSignal(signal, source);
  // The stream may fail while the file is being opened, when nothing reads it yet.
  source.on('error', () => undefined);
  try {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
    const begin = await beginOf(chunks);
    if (begin.isAll) return stageBytes(Buffer.concat(begin.bytes));
    return await writeStaged(newPath(), joined(begin.bytes, chunks));
  } catch (error) {
    source.destroy();
    signal?.throwIfAborted();
    throw error;
  }
}

/** As few chunks as show whether there are more than {@link SMALL_FILE_BYTES}. */
async function beginOf(
  chunks: AsyncIterator<Buffer | string>,
): Promise<{ bytes: readonly Buffer[]; isAll: boolean }> {
  const bytes: Buffer[] = [];
  for (let size = 0; size <= SMALL_FILE_BYTES;) {
    const next = await chunks.next();
    if (next.done === true) return { bytes, isAll: true };
    const chunk = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    bytes.push(chunk);
    size += chunk.length;
  }
  return { bytes, isAll: false };
}

async function* joined(begin: readonly Buffer[], rest: AsyncIterator<Buffer | string>): Content {
  yield* begin;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/**
 * Prepares a file that the caller hands over: a small one is read, another stays where it is until it is committed.
 * Undefined where it must be copied instead: a further hard link would let somebody write to it later.
 */
export async function stageOwned(path: string, signal?: AbortSignal): Promise<Staged | undefined> {
  const descriptor = openSync(path, SAFE_READ);
  let kept = false;
  try {
    const found = fstatSync(descriptor);
    const { mode, nlink, size } = found;
    if (nlink !== 1 || !found.isFile()) return undefined;
    if (size <= SMALL_FILE_BYTES) return stageBytes(readFileSync(descriptor));
    // Only where needed: it dirties the inode once more.
    if ((mode & 0o7777) !== 0o600) fchmodSync(descriptor, 0o600);
    const digest = await digestOfDescriptor(descriptor, signal);
    kept = true;
    return { path, ...digest, durable: syncAndClose(descriptor), owned: true };
  } finally {
    if (!kept) closeSync(descriptor);
  }
}

/** Removes staged bytes; those that are the caller's own file stay with the caller. */
export async function discard(staged: Staged): Promise<void> {
  if ('path' in staged && !staged.owned) await rm(staged.path, { force: true });
}
