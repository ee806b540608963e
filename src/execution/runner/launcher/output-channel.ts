import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Fifo } from './fifo.js';

const CHUNK_BYTES = 65_536;
const CREATE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

// One buffer serves every channel: a chunk is written before the next one is read, whoever reads it.
const chunk = Buffer.allocUnsafe(CHUNK_BYTES);

interface Target {
  readonly fd: number;
  readonly limit: number;
  /** Called once, when the command wrote more than the limit, or the file can't take what it wrote. */
  readonly onStop: (stop: OutputStop) => void;
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
  private target: Target | null = null;
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
  open(path: string, limit: number, onStop: (stop: OutputStop) => void): void {
    this.target = { fd: openSync(path, CREATE_NEW, 0o600), limit, onStop, bytes: 0, stopped: false };
  }

  /** Takes what is still in the pipe, when nothing that could write to it is alive, and closes the file. */
  finish(): number {
    const target = this.target;
    if (target === null) return 0;
    this.drain();
    this.target = null;
    closeSync(target.fd);
    return target.bytes;
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
    const target = this.target;
    if (target === null || target.stopped) return true;
    try {
      const room = Math.min(length, target.limit - target.bytes);
      writeWhole(target, room);
      if (room < length) stop(target, { kind: 'limit' });
    } catch (error) {
      stop(target, { kind: 'fault', error });
    }
    return true;
  }
}

function stop(target: Target, reason: OutputStop): void {
  target.stopped = true;
  target.onStop(reason);
}

function writeWhole(target: Target, length: number): void {
  for (let offset = 0; offset < length;) {
    const written = writeSync(target.fd, chunk, offset, length - offset);
    offset += written;
    target.bytes += written;
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
