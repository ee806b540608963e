import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import { type SqliteConnection } from './connection.js';

/** Brings a file to the disk: `here` keeps the event loop waiting, `inThread` costs two switches of threads. */
export interface Disk {
  here(descriptor: number): void;
  inThread(descriptor: number, done: (error: Error | null) => void): void;
}

/** Hears null, or why nobody knows whether it is on the disk. */
type Settle = (error: Error | null) => void;

const DISK: Disk = { here: fdatasyncSync, inThread: fdatasync };
/** A flush in a thread takes some 0.1 ms of processor time more (`docs/decisions/0006-group-commit.md`). */
const WORTH_A_THREAD_MS = 0.3;
/** The median of so many says how long one takes. */
const REMEMBERED = 9;
/** In threads nobody can tell the disk's time from the loop's: every so-manieth is done, and timed, on the loop. */
const TIMED_EVERY = 32;

/**
 * Brings SQLite's write-ahead log to the disk, beyond what SQLite itself flushes with `synchronous = NORMAL`: on the event loop
 * where the disk is quick, else in a thread, one flush at a time, each for all that was committed before it began.
 */
export class LogFlush {
  private readonly descriptor: number;
  /** For the next flush, and for the one under way in a thread. */
  private waiting: Settle[] = [];
  private underWay: Settle[] | undefined;
  private readonly took: number[] = [];
  private flushes = 0;
  private hasFailed = false;
  private isClosed = false;

  /** Undefined where the connection has no such log: in memory, or on a file system that can't share memory. */
  static of(connection: SqliteConnection, disk: Disk = DISK): LogFlush | undefined {
    const [mode] = connection.prepare('PRAGMA journal_mode').all([]) as { journal_mode: string }[];
    if (mode?.journal_mode !== 'wal') return undefined;
    connection.exec('PRAGMA synchronous = NORMAL');
    // Whoever has read has the log open, so that it is there.
    connection.prepare('SELECT 1 FROM sqlite_schema').all([]);
    return new LogFlush(connection, disk);
  }

  private constructor(
    private readonly connection: SqliteConnection,
    private readonly disk: Disk,
  ) {
    const files = connection.prepare('PRAGMA database_list').all([]) as { name: string; file: string }[];
    const { file } = files.find(({ name }) => name === 'main') ?? {};
    this.descriptor = openSync(`${file ?? ''}-wal`, 'r+');
  }

  /** Settles, at once on a quick disk, when all that is committed now is on it. */
  flush(settle: Settle): void {
    this.waiting.push(settle);
    if (this.underWay === undefined) this.flushWaiting();
  }

  /** Settles, mostly at once, when all is on the disk that a {@link flush} was asked for: what is read may tell of it. */
  whenNothingIsOwed(settle: Settle): void {
    if (this.waiting.length > 0) this.waiting.push(settle);
    else if (this.underWay !== undefined) this.underWay.push(settle);
    else settle(null);
  }

  /** What is under way is still brought to its end. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.underWay === undefined) closeSync(this.descriptor);
  }

  private flushWaiting(): void {
    this.underWay = this.waiting;
    this.waiting = [];
    this.flushes += 1;
    if (this.hasFailed) this.settle(this.copied());
    else if (this.isQuick || this.flushes % TIMED_EVERY === 0) this.settle(this.flushed());
    else
      this.disk.inThread(this.descriptor, (error) => {
        this.settle(error);
      });
  }

  private settle(error: Error | null): void {
    const settled = this.underWay ?? [];
    this.underWay = undefined;
    this.hasFailed = error !== null;
    const told = error === null ? null : asSqlite(error);
    for (const settle of settled) settle(told);
    if (this.waiting.length > 0) this.flushWaiting();
    else if (this.isClosed) closeSync(this.descriptor);
  }

  private flushed(): Error | null {
    const beganAt = performance.now();
    try {
      this.disk.here(this.descriptor);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    this.took.push(performance.now() - beganAt);
    if (this.took.length > REMEMBERED) this.took.shift();
    return null;
  }

  /**
   * After a failure the kernel takes for clean what it could not write, and another flush would leave a gap in the log: what can
   * still be read is copied into the database itself, whose flushes are SQLite's.
   */
  private copied(): Error | null {
    try {
      const [done] = this.connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]) as { busy: number }[];
      return done?.busy === 0 ? null : new Error('the log is in use');
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private get isQuick(): boolean {
    const { took } = this;
    if (took.length < REMEMBERED) return true;
    const median = took.toSorted((a, b) => a - b)[Math.floor(REMEMBERED / 2)] ?? 0;
    return median < WORTH_A_THREAD_MS;
  }
}

/** As SQLite tells of it. */
function asSqlite(error: Error): Error {
  return Object.assign(new Error(`disk I/O error: ${error.message}`, { cause: error }), {
    code: 'SQLITE_IOERR_FSYNC',
  });
}
