import { closeSync, constants, fchmodSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { type Room } from './quota.js';
import { SMALL_FILE_BYTES, type StagedBytes, stagedBytes } from './staged-bytes.js';
import {
  type Content,
  digestOfDescriptor,
  type StagedFile,
  syncAndClose,
  writeStaged,
} from './staged-file.js';

/** Bytes that are no file yet: they become one by being committed, or are discarded; either gives their room back. */
export type Staged = (StagedBytes | StagedFile) & { readonly room: Room };

export interface StagingOptions {
  /** Where a new temporary file may be made. */
  readonly newPath: () => string;
  /** What is staged takes of it before it is kept; given back where that fails. */
  readonly room: Room;
  readonly signal?: AbortSignal | undefined;
}

// Never follows a link, never waits for a writer of a FIFO.
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @param bytes not to be written to any more */
export function stageBytes(bytes: Uint8Array, room: Room): Staged {
  room.take(bytes.length);
  return { ...stagedBytes(bytes), room };
}

/**
 * Takes a stream in, in memory where it ends within {@link SMALL_FILE_BYTES}, else into a new file. Nothing is left
 * where it fails.
 */
export async function stageStream(
  source: Readable,
  { newPath, room, signal }: StagingOptions,
): Promise<Staged> {
  if (signal !== undefined) addAbortSignal(signal, source);
  // The stream may fail while the file is being opened, when nothing reads it yet.
  source.on('error', () => undefined);
  try {
    const chunks = taking(room, source as AsyncIterable<Buffer | string>);
    const begin = await beginOf(chunks);
    if (begin.isAll) return { ...stagedBytes(Buffer.concat(begin.bytes)), room };
    return { ...(await writeStaged(newPath(), joined(begin.bytes, chunks))), room };
  } catch (error) {
    room.release();
    source.destroy();
    signal?.throwIfAborted();
    throw error;
  }
}

/** Each chunk once there is room for it. */
async function* taking(
  room: Room,
  source: AsyncIterable<Buffer | string>,
): AsyncGenerator<Buffer, undefined> {
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    room.take(bytes.length);
    yield bytes;
  }
}

/** As few chunks as show whether there are more than {@link SMALL_FILE_BYTES}. */
async function beginOf(chunks: AsyncIterator<Buffer>): Promise<{ bytes: readonly Buffer[]; isAll: boolean }> {
  const bytes: Buffer[] = [];
  for (let size = 0; size <= SMALL_FILE_BYTES;) {
    const next = await chunks.next();
    if (next.done === true) return { bytes, isAll: true };
    bytes.push(next.value);
    size += next.value.length;
  }
  return { bytes, isAll: false };
}

async function* joined(begin: readonly Buffer[], rest: AsyncIterator<Buffer>): Content {
  yield* begin;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/**
 * Prepares a file that the caller hands over: a small one is read, another stays where it is until it is committed.
 * Undefined where it must be copied instead: a further hard link would let somebody write to it later.
 */
export async function stageOwned(
  path: string,
  { room, signal }: Omit<StagingOptions, 'newPath'>,
): Promise<Staged | undefined> {
  const descriptor = openSync(path, SAFE_READ);
  let kept = false;
  try {
    const found = fstatSync(descriptor);
    const { mode, nlink, size } = found;
    if (nlink !== 1 || !found.isFile()) return undefined;
    room.take(size);
    if (size <= SMALL_FILE_BYTES) return { ...stagedBytes(readFileSync(descriptor)), room };
    // Only where needed: it dirties the inode once more.
    if ((mode & 0o7777) !== 0o600) fchmodSync(descriptor, 0o600);
    const digest = await digestOfDescriptor(descriptor, signal);
    kept = true;
    return { path, ...digest, durable: syncAndClose(descriptor), owned: true, room };
  } catch (error) {
    room.release();
    throw error;
  } finally {
    if (!kept) closeSync(descriptor);
  }
}

/** Removes staged bytes; those that are the caller's own file stay with the caller. */
export async function discard(staged: Staged): Promise<void> {
  staged.room.release();
  if ('path' in staged && !staged.owned) await rm(staged.path, { force: true });
}
