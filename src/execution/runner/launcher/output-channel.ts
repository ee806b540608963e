import { closeSync, constants, fchmodSync, lstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Fifo } from './fifo.js';

const CHUNK_BYTES = 65_536;
const OWNER_ONLY = 0o600;
const CREATE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

// One buffer serves every channel: a chunk is written before the next one is read, whoever reads it.
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);

/** Where a command's output goes. */
export interface OutputTarget {
  readonly path: string;
  /** Bytes that are taken at the most. */
  readonly limit: number;
  /** Whether the file is made at once, or with the first byte: most commands never write to standard error. */
  readonly made: 'at once' | 'with the first byte';
  /** Called once, when the command wrote more than the limit, or the file can't take what it wrote. */
  readonly onStop: (stop: OutputStop) => void;
}

interface Taking {
  readonly target: OutputTarget;
  fd: number | null;
  bytes: number;
  stopped: boolean;
}

/** Why a command's output is taken no further. */
export type OutputStop = { readonly kind: 'limit' } | { readonly kind: 'fault'; readonly error: unknown };

/**
 * Carries what one command after the other writes into a FIFO to that command's file. Writing is synchronous:
 * that is the backpressure (a full pipe holds the command) and the bound on memory (one chunk).
 */
export class OutputChannel {
  private taking: Taking | null = null;
  private readonly socket: Socket;

  constructor(private readonly fifo: Fifo) {
    const onread = { buffer: () => chunk, callback: (length: number) => this.take(length) };
    // A variable, since the types don't know `onread` here: it reads into one buffer instead of a fresh one each.
    const options = { fd: fifo.readFd, readable: true, writable: false, onread };
    this.socket = new Socket(options);
  }

  /** What a command gets as its standard output or error. */
  get writeFd(): number {
    return this.fifo.writeFd;
  }

  /** Throws where the file exists or can't be made. */
  open(target: OutputTarget): void {
    const fd = target.made === 'at once' ? create(target.path) : notYet(target.path);
    // A command may have changed it through /dev/stdout.
    fchmodSync(this.fifo.readFd, OWNER_ONLY);
    this.taking = { target, fd, bytes: 0, stopped: false };
  }

  /** Takes what is still in the pipe, when nothing that could write to it is alive, and closes the file. */
  finish(): number {
    const taking = this.taking;
    if (taking === null) return 0;
    this.drain();
    this.taking = null;
    if (taking.fd !== null) closeSync(taking.fd);
    return taking.bytes;
  }

  destroy(): void {
    this.socket.destroy();
    closeSync(this.fifo.writeFd);
  }

  private drain(): void {
    for (;;) {
      const length = readAvailable(this.fifo.readFd);
      if (length === 0) return;
      this.take(length);
    }
  }

  private take(length: number): true {
    const { taking } = this;
    if (taking === null || taking.stopped) return true;
    try {
      const room = Math.min(length, taking.target.limit - taking.bytes);
      writeWhole(taking, room);
      if (room < length) stop(taking, { kind: 'limit' });
    } catch (error) {
      stop(taking, { kind: 'fault', error });
    }
    return true;
  }
}

function stop(taking: Taking, reason: OutputStop): void {
  taking.stopped = true;
  taking.target.onStop(reason);
}

function create(path: string): number {
  return openSync(path, CREATE_NEW, OWNER_ONLY);
}

/** Throws as {@link create} would. */
function notYet(path: string): null {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw new Error(`${path} exists already`);
  return null;
}

/** Whatever a command put there meanwhile was not asked for. */
function createAnew(path: string): number {
  rmSync(path, { force: true });
  return create(path);
}

function writeWhole(taking: Taking, length: number): void {
  taking.fd ??= createAnew(taking.target.path);
  for (let offset = 0; offset < length;) {
    const written = writeSync(taking.fd, chunk, offset, length - offset);
    offset += written;
    taking.bytes += written;
  }
}

/** Bytes read into the chunk, 0 where the pipe is empty. */
function readAvailable(fd: number): number {
  try {
    return readSync(fd, chunk, 0, CHUNK_BYTES, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}
