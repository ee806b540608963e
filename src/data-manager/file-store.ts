import { type Readable } from 'node:stream';
import { DomainError } from '../kernel/errors.js';
import { type FileAccess, mayRead } from './file-access.js';
import { noSuchFile } from './file-id.js';

/** What is known of a stored file. A file never changes once stored. */
export interface FileInfo extends FileAccess {
  /** UUID, lower case. */
  readonly id: string;
  /** As the uploader gave it; for a person and for `Content-Disposition`, never a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly createdAt: Date;
}

/** Where the bytes of an upload come from: memory or a stream, whichever is at hand. */
export type FileSource = BytesSource | StreamSource;

export interface BytesSource {
  /** All of them. Nobody may write to them until the put has ended. */
  readonly bytes: Uint8Array;
}

export interface StreamSource {
  /** A fresh stream from the first byte; called again where a transfer must be repeated. */
  open(): Readable;
  /**
   * A regular file with these bytes that the store may take over (rename) instead of copying; its owner
   * must not write to it any more. Still there after a put that failed, gone or not after one that worked.
   * Absent: only {@link open} may be used.
   */
  readonly ownedPath?: string;
}

export interface PutOptions {
  /**
   * The UUID to store under, chosen beforehand so that a crash between storing and noting the id leaves
   * nothing that can't be found again. Storing the same bytes under it twice is the same file. A foreign
   * data manager may choose another: {@link FileInfo.id} of the answer counts.
   */
  readonly id: string;
  readonly name: string;
  readonly signal?: AbortSignal;
}

/** For which attempt of a job something is stored or read. */
export interface FileErrand {
  readonly jobId: string;
  readonly attempt: number;
  /** Of the lease: proves to a data manager elsewhere that the attempt is ours. */
  readonly token: string;
  /** Of the job, and so of what is stored for it. */
  readonly owner: string;
  /** Whether what is stored is held to the owner's quota, where the store is in this process; another knows itself. */
  readonly hasQuota: boolean;
}

/** Half-open byte range, `0 <= start < end <= size`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface OpenFile {
  readonly info: FileInfo;
  /** The bytes asked for. Ends with an error if they can't be had whole. Must be consumed or destroyed. */
  readonly content: Readable;
}

/**
 * The data manager as agents and the job API use it: bytes by UUID.
 *
 * Failures: `DomainError('not_found')` where the store says that it does not hold the file, and
 * `DomainError('unavailable')` where it can't be asked or a transfer failed after its retries: the
 * caller may try again later. `DomainError('invalid_request')`: other bytes are stored under the id of a put, or
 * an id is no UUID; `DomainError('range_not_satisfiable')`: a range beyond the file. An aborted signal rejects
 * with the signal's reason; an error of a {@link StreamSource}'s own stream is passed on as it is.
 */
export abstract class FileStore {
  /** Durable when it resolves; on failure nothing of it is left. */
  abstract put(source: FileSource, options: PutOptions): Promise<FileInfo>;

  abstract info(id: string, signal?: AbortSignal): Promise<FileInfo>;

  abstract open(id: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<OpenFile>;

  /** Idempotent: removing what is not there is no error. */
  abstract remove(id: string, signal?: AbortSignal): Promise<void>;

  /** The same store, for what is done on behalf of one attempt of a job. */
  abstract on(errand: FileErrand): FileStore;
}

/** What the store knows of a file, or null where it does not hold it. Throws as {@link FileStore} does for all else. */
export async function infoIfStored(
  store: Pick<FileStore, 'info'>,
  id: string,
  signal?: AbortSignal,
): Promise<FileInfo | null> {
  try {
    return await store.info(id, signal);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'not_found') return null;
    throw error;
  }
}

/** Whoever a file is read for. */
export interface Reader {
  readonly user: string;
  /** He may read all. */
  readonly isAdmin: boolean;
}

/** As {@link FileStore.open}; what the reader may not read now is told as what is not there. */
export async function openFor(
  store: Pick<FileStore, 'open'>,
  id: string,
  { reader, signal }: { readonly reader: Reader; readonly signal: AbortSignal },
): Promise<OpenFile> {
  const file = await store.open(id, { signal });
  if (reader.isAdmin || mayRead(file.info, reader.user)) return file;
  file.content.destroy();
  throw noSuchFile(id);
}
