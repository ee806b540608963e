import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { type SqliteConnection } from './connection.js';
import { FlushChoice } from './flush-choice.js';
import { threadHopMs } from './thread-hop.js';

/** Brings a file to the disk: `here` keeps the event loop waiting, `inThread` costs two switches of threads. */
export interface Disk {
  here(descriptor: number): void;
  inThread(descriptor: number, done: (error: Error | null) => void): void;
}

/** Hears null, or why nobody knows whether it is on the disk. */
type Settle = (error: Error | null) => void;

const DISK: Disk = { here: fdatasyncSync, inThread: fdatasync };
/** Node's few threads may all be busy with large files: longer than most flushes take, even of a disk that turns. */
const LATE_MS = 50;

export interface LogFlushOptions {
  readonly disk?: Disk | undefined;
  /** After so long a flush is not waited for in its thread any more, but done on the event loop. */
  readonly lateMs?: number | undefined;
}

/**
 * Brings SQLite's write-ahead log to the disk, beyond what SQLite itself flushes with `synchronous = NORMAL`: on the event loop
 * or in a thread, one flush at a time, each for all that was committed before it began.
 */
export class LogFlush {
  private descriptor: number | undefined;
  /** For the next flush, and for the one under way in a thread. */
  private waiting: Settle[] = [];
  private underWay: Settle[] | undefined;
  private readonly choice = new FlushChoice();
  private hasFailed = false;
  private isClosed = false;

  /** Undefined where the connection has no such log: in memory, or on a file system that can't share memory. */
  static of(
    connection: SqliteConnection,
    { disk = DISK, lateMs = LATE_MS }: LogFlushOptions = {},
  ): LogFlush | undefined {
    const [mode] = connection.prepare('PRAGMA journal_mode').all([]) as { journal_mode: string }[];
    if (mode?.journal_mode !== 'wal') return undefined;
    connection.exec('PRAGMA synchronous = NORMAL');
    // Whoever has read has the log open, so that it is there.
    connection.prepare('SELECT 1 FROM sqlite_schema').all([]);
    return new LogFlush(connection, disk, lateMs);
  }

  private constructor(
    private readonly connection: SqliteConnection,
    private readonly disk: Disk,
    private readonly lateMs: number,
  ) {
    const files = connection.prepare('PRAGMA database_list').all([]) as { name: string; file: string }[];
    const { file } = files.find(({ name }) => name === 'main') ?? {};
    this.descriptor = openSync(`${file ?? ''}-wal`, 'r+');
    void this.measureHop(this.descriptor);
  }

  /** Settles, at once where it is done on the loop, when all that is committed now is on the disk. */
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

  /** Gives the log back once what is under way has ended; what is asked for later goes into the database itself. */
  close(): void {
    this.isClosed = true;
    if (this.underWay === undefined) this.giveBack();
  }

  /** Where it is closed meanwhile, nobody asks any more. */
  private async measureHop(descriptor: number): Promise<void> {
    const ms = await threadHopMs(descriptor).catch(() => undefined);
    if (ms !== undefined) this.choice.hopTakes(ms);
  }

  private flushWaiting(): void {
    this.underWay = this.waiting;
    this.waiting = [];
    const { descriptor } = this;
    if (this.hasFailed || this.isClosed || descriptor === undefined)
      this.settle(
        failureOf(() => {
          this.copy();
        }),
      );
    else if (this.choice.next() === 'loop') this.flushOnLoop(descriptor);
    else this.flushInThread(descriptor);
  }

  private flushInThread(descriptor: number): void {
    const asked = this.underWay;
    const { active: before } = performance.eventLoopUtilization();
    const late = setTimeout(() => {
      this.choice.usedDuringThread(0);
      this.flushOnLoop(descriptor);
    }, this.lateMs);
    this.disk.inThread(descriptor, (error) => {
      clearTimeout(late);
      if (this.underWay === asked) {
        this.choice.usedDuringThread(performance.eventLoopUtilization().active - before);
        this.settle(error);
      } else if (error !== null) {
        // The system tells of a failure once: whoever flushed meanwhile may not have heard of it.
        this.hasFailed = true;
      }
    });
  }

  private settle(error: Error | null): void {
    const settled = this.underWay ?? [];
    this.underWay = undefined;
    if (error !== null) this.hasFailed = true;
    const told = error === null ? null : asSqlite(error);
    for (const settle of settled) settle(told);
    if (this.waiting.length > 0) this.flushWaiting();
    else if (this.isClosed) this.giveBack();
  }

  private giveBack(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private flushOnLoop(descriptor: number): void {
    const beganAt = performance.now();
    const failure = failureOf(() => {
      this.disk.here(descriptor);
    });
    if (failure === null) this.choice.tookOnLoop(performance.now() - beganAt);
    this.settle(failure);
  }

  /**
   * After a failure the kernel takes for clean what it could not write, and another flush would leave a gap in the log: what can
   * still be read is copied into the database itself, whose flushes are SQLite's.
   */
  private copy(): void {
    const [done] = this.connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]) as { busy: number }[];
    if (done?.busy !== 0) throw new Error('the log is in use');
    this.hasFailed = false;
  }
}

function failureOf(action: () => void): Error | null {
  try {
    action();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** As SQLite tells of it. */
function asSqlite(error: Error): Error {
  return Object.assign(new Error(`disk I/O error: ${error.message}`, { cause: error }), {
    code: 'SQLITE_IOERR_FSYNC',
  });
}
