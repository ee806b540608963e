import { closeSync, constants, fchmodSync, fchownSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Captured } from '../launcher.js';
import { HELD_BYTES, HELD_MS } from '../protocol.js';
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
  /** Who may open it again through /dev/stdout; null: the launcher's own user. */
  readonly user: number | null;
  /** Called once, when the command wrote more than the limit, or the file can't take what it wrote. */
  readonly onStop: (stop: OutputStop) => void;
}

interface Taking {
  readonly target: OutputTarget;
  readonly held: Buffer[];
  /** Whoever watches a command that runs longer finds its output in the file. */
  mayHold: boolean;
  /** Null while all of it is held. */
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
  private timer: NodeJS.Timeout | undefined;
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

  open(target: OutputTarget): void {
    // A command may have changed it through /dev/stdout.
    fchmodSync(this.fifo.readFd, OWNER_ONLY);
    if (target.user !== null) fchownSync(this.fifo.readFd, target.user, target.user);
    const taking: Taking = { target, held: [], mayHold: true, fd: null, bytes: 0, stopped: false };
    this.taking = taking;
    this.timer = setTimeout(() => {
      attempt(taking, () => {
        holdNoMore(taking);
      });
    }, HELD_MS);
  }

  /** Takes what is still in the pipe, when nothing that could write to it is alive, and closes the file. */
  finish(): Captured {
    const taking = this.taking;
    if (taking === null) return { bytes: 0, content: null };
    clearTimeout(this.timer);
    this.drain();
    this.taking = null;
    const { fd, bytes, held } = taking;
    if (fd === null) return { bytes, content: Buffer.concat(held) };
    closeSync(fd);
    return { bytes, content: null };
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
    attempt(taking, () => {
      const room = Math.min(length, taking.target.limit - taking.bytes);
      keep(taking, chunk.subarray(0, room));
      if (room < length) stop(taking, { kind: 'limit' });
    });
    return true;
  }
}

function attempt(taking: Taking, act: () => void): void {
  try {
    act();
  } catch (error) {
    stop(taking, { kind: 'fault', error });
  }
}

function stop(taking: Taking, reason: OutputStop): void {
  taking.stopped = true;
  taking.target.onStop(reason);
}

function keep(taking: Taking, bytes: Buffer): void {
  // Nothing is no reason for a file.
  if (bytes.length === 0) return;
  taking.mayHold &&= taking.bytes + bytes.length <= HELD_BYTES;
  if (taking.mayHold) taking.held.push(Buffer.from(bytes));
  else writeWhole(fileOf(taking), bytes);
  taking.bytes += bytes.length;
}

function holdNoMore(taking: Taking): void {
  taking.mayHold = false;
  if (taking.bytes > 0) fileOf(taking);
}

/** Made with what was held; whatever a command put in its place was not asked for. */
function fileOf(taking: Taking): number {
  if (taking.fd !== null) return taking.fd;
  const { path } = taking.target;
  rmSync(path, { force: true });
  taking.fd = openSync(path, CREATE_NEW, OWNER_ONLY);
  writeWhole(taking.fd, Buffer.concat(taking.held));
  return taking.fd;
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
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
