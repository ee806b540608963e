import {
  closeSync,
  constants,
  createReadStream,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '../../kernel/errors.js';
import { matchingPaths } from '../output-globs.port.js';

// Never follows a link, never waits for a writer of a FIFO.
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MAX_PATH_BYTES = 4_000;
const BATCH = 10_000;

/** A file that a command left and that was asked for. */
export interface CollectedOutput {
  /** Relative to the working directory, `/` between the names. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes of the very file that was found; an error in the stream where the path means another by now. */
  open(): Readable;
}

export interface CollectOptions {
  /** Paths that are no outputs, such as the names of staged inputs. */
  readonly leaveOut: ReadonlySet<string>;
  /** The most files to collect. */
  readonly most: number;
}

/**
 * The regular files below a directory that match one of the globs, sorted by path. Nothing may write to it. Symbolic
 * links, FIFOs, sockets and devices are no outputs, nor is what has a name that is no UTF-8 or too long a path,
 * or can't be read.
 * @throws DomainError `too_large` where more files match than are allowed, or matching takes too long
 */
export async function collectOutputs(
  directory: string,
  globs: readonly string[],
  { leaveOut, most }: CollectOptions,
): Promise<CollectedOutput[]> {
  const outputs: CollectedOutput[] = [];
  for await (const paths of batchesOf(filesBelow(directory))) {
    for (const path of matchingPaths(paths, globs)) {
      const output = leaveOut.has(path) ? null : examine(directory, path);
      if (output === null) continue;
      if (outputs.length === most) {
        throw new DomainError('too_large', `More than ${most} files match output_files.`);
      }
      outputs.push(output);
    }
  }
  return outputs.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function* batchesOf(paths: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const path of paths) {
    batch.push(path);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function* filesBelow(directory: string): AsyncGenerator<string> {
  const waiting = [''];
  for (let prefix = waiting.pop(); prefix !== undefined; prefix = waiting.pop()) {
    for (const entry of entriesOf(join(directory, prefix))) {
      const path = `${prefix}${entry.name}`;
      if (path.includes('\uFFFD') || Buffer.byteLength(path) > MAX_PATH_BYTES) continue;
      if (entry.isDirectory()) waiting.push(`${path}/`);
      else if (entry.isFile()) yield path;
    }
    await nextTurn();
  }
}

/** A directory that can't be read has nothing to offer. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Null where it is no regular file, or can't be read. */
function examine(directory: string, path: string): CollectedOutput | null {
  const absolute = join(directory, path);
  try {
    const fd = openSync(absolute, SAFE_READ);
    const found = fstatSync(fd);
    closeSync(fd);
    return found.isFile() ? { path, size: found.size, open: () => openSame(absolute, found) } : null;
  } catch {
    return null;
  }
}

function openSame(path: string, found: Stats): Readable {
  let fd: number;
  try {
    fd = openSync(path, SAFE_READ);
  } catch (error) {
    return failing(error);
  }
  const { dev, ino } = fstatSync(fd);
  if (dev === found.dev && ino === found.ino) return createReadStream('', { fd });
  closeSync(fd);
  return failing(new Error('the output file was replaced'));
}

function failing(fault: unknown): Readable {
  return new Readable({
    read() {
      this.destroy(fault instanceof Error ? fault : new Error(String(fault)));
    },
  });
}
