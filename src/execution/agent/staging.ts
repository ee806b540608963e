import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { type FileInfo, type FileStore, openFor, type Reader } from '../../data-manager/file-store.js';
import { DomainError } from '../../kernel/errors.js';
import { type Assignment } from '../job-reports.port.js';
import { StopToken } from '../stop-token.js';
import { AttemptFaultError } from './attempt-fault.js';
import { persistently } from './persistently.js';

const FILES_AT_ONCE = 4;
/** The data manager may be away so long before the attempt is given up, which may cost the job a retry. */
const PATIENCE_MS = 90_000;
const EXECUTABLE = 0o700;
const READABLE = 0o600;

/** Where a file goes, and for whom. */
interface Place {
  readonly path: string;
  readonly mode: number;
  readonly reader: Reader;
}

/** Brings files of the data manager into a working directory, each named by its UUID. */
export class Staging {
  constructor(private readonly files: FileStore) {}

  /**
   * Streams the binary and the input files of an attempt into `directory`, a repeated one once.
   * Throws {@link AttemptFaultError}; what was staged until then lies in `directory`.
   */
  async stage(assignment: Assignment, directory: string, taken: StopToken): Promise<void> {
    const ids = new Set([
      ...(assignment.binary === null ? [] : [assignment.binary]),
      ...assignment.inputFiles,
    ]);
    if (ids.size === 0) return;
    const stop = new StopToken();
    const forget = taken.onAbort(() => {
      stop.abort(taken.reason);
    });
    const limit = pLimit(FILES_AT_ONCE);
    const reader = { user: assignment.owner, isAdmin: assignment.byAdmin };
    const all = [...ids].map((id) => {
      const mode = id === assignment.binary ? EXECUTABLE : READABLE;
      const place = { path: join(directory, id), mode, reader };
      return limit(() => this.stageFile(id, place, stop));
    });
    try {
      await Promise.all(all);
    } catch (error) {
      stop.abort(error);
      await Promise.allSettled(all);
      throw error;
    } finally {
      forget();
    }
  }

  private async stageFile(id: string, place: Place, stop: StopToken): Promise<void> {
    try {
      await persistently(() => this.load(id, place, stop.signal), stop, PATIENCE_MS);
    } catch (error) {
      stop.throwIfAborted();
      throw stagingFault(id, error);
    }
  }

  private async load(id: string, { path, mode, reader }: Place, signal: AbortSignal): Promise<void> {
    // When the job was accepted nobody may have known what he may read, and rights may have gone since.
    const { info, content } = await openFor(this.files, id, { reader, signal });
    const hash = createHash('sha256');
    const seen = new PassThrough({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    // Over what an earlier try may have left.
    const target = createWriteStream(path, { flags: 'w', mode });
    await pipeline(content, seen, target, { signal });
    verify(info, target.bytesWritten, hash.digest('hex'));
  }
}

function verify(info: FileInfo, size: number, sha256: string): void {
  if (size === info.size && sha256 === info.sha256) return;
  throw new DomainError('unavailable', `it arrived damaged (${size} of ${info.size} bytes)`);
}

function stagingFault(id: string, error: unknown): AttemptFaultError {
  if (error instanceof DomainError && error.code === 'not_found') {
    return new AttemptFaultError(`File ${id} is not in the data manager any more.`, {
      passing: false,
      cause: error,
    });
  }
  return new AttemptFaultError(`File ${id} could not be loaded from the data manager.`, {
    passing: true,
    cause: error,
  });
}
