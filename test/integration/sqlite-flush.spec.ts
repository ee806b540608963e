import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'libsql';
import { copyFileSync, cpSync, fdatasyncSync, fstatSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDurable } from '../../src/sqlite/durable-file.js';
import { type Disk } from '../../src/sqlite/log-flush.js';
import { SqliteEngine } from '../../src/sqlite/sqlite-engine.js';
import { type Durability } from '../../src/sqlite/statement.js';
import { eventually } from '../support/eventually.js';

/** Beyond what is worth a thread, and not beyond what tests can wait for. */
const SLOW_MS = 1;
/** After so many a slow disk is known as one. */
const KNOWN_AFTER = 9;

/** Longer than any test. */
const NEVER_MS = 600_000;

/** The real disk, which may be slow, hold flushes in threads back, refuse, and remembers what a power cut would leave. */
class TestDisk implements Disk {
  isSlow = false;
  /** Quicker than any, and remembers nothing. */
  isInstant = false;
  refuses = false;
  onLoop = 0;
  inThreads = 0;
  held: (() => void)[] | undefined;

  constructor(
    private readonly directory: string,
    private readonly keptIn: string,
  ) {}

  here(descriptor: number): void {
    this.onLoop += 1;
    if (this.isSlow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_MS);
    this.write(descriptor);
  }

  inThread(descriptor: number, done: (error: Error | null) => void): void {
    this.inThreads += 1;
    const flush = (): void => {
      try {
        this.write(descriptor);
        done(null);
      } catch (error) {
        done(error as Error);
      }
    };
    // What was committed before it began, and no more.
    if (this.held === undefined) setImmediate(flush);
    else this.held.push(flush);
  }

  private write(descriptor: number): void {
    if (this.isInstant) return;
    if (this.refuses) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    fdatasyncSync(descriptor);
    cpSync(this.directory, this.keptIn, { recursive: true });
  }
}

describe('The log of SQLite', () => {
  let root: string;
  let disk: TestDisk;
  let connection: Sqlite.Database;
  let engine: SqliteEngine;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'flush-'));
    connection = openDurable(join(root, 'now', 'file.sqlite'));
    connection.exec('CREATE TABLE things (id INTEGER PRIMARY KEY)');
    disk = new TestDisk(join(root, 'now'), join(root, 'kept'));
    engine = new SqliteEngine(connection, { disk, lateMs: NEVER_MS });
  });
  afterEach(async () => {
    engine.close();
    connection.close();
    await rm(root, { recursive: true });
  });

  function add(id: number, durability: Durability = 'durable'): Promise<number> {
    return engine.write([{ sql: 'INSERT INTO things (id) VALUES (?)', parameters: [id] }], durability);
  }

  async function seen(): Promise<number[]> {
    const rows = await engine.rows({ sql: 'SELECT id FROM things ORDER BY id', parameters: [] });
    return (rows as { id: number }[]).map(({ id }) => id);
  }

  function keptAfterPowerCut(): number[] {
    return thingsIn(join(root, 'kept', 'file.sqlite'));
  }

  /** Without its log. */
  function inTheDatabaseItself(): number[] {
    const alone = join(root, 'alone.sqlite');
    copyFileSync(join(root, 'now', 'file.sqlite'), alone);
    return thingsIn(alone);
  }

  function thingsIn(path: string): number[] {
    const left = new Sqlite(path);
    try {
      return (left.prepare('SELECT id FROM things ORDER BY id').all([]) as { id: number }[]).map(
        ({ id }) => id,
      );
    } finally {
      left.close();
    }
  }

  /** From then on flushes are done in threads. */
  async function findSlow(): Promise<void> {
    disk.isSlow = true;
    for (let id = 1_000; id < 1_000 + KNOWN_AFTER; id += 1) await add(id);
    expect(disk.inThreads).toBe(0);
    connection.exec('DELETE FROM things');
  }

  async function isAnswered(write: Promise<unknown>): Promise<boolean> {
    const answer = write.then(() => true);
    // Whatever is to be answered without a flush is by then.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return Promise.race([answer, Promise.resolve(false)]);
  }

  it('is flushed on the event loop where the disk is quick, once for all that came in one turn', async () => {
    await Promise.all([add(1), add(2), add(3)]);
    expect(disk).toMatchObject({ onLoop: 1, inThreads: 0 });
    expect(keptAfterPowerCut()).toEqual([1, 2, 3]);
  });

  it('is not flushed for what need not survive a power cut, which the next flush takes along', async () => {
    await add(1, 'soon durable');
    expect(disk.onLoop).toBe(0);
    expect(await seen()).toEqual([1]);
    await add(2);
    expect(keptAfterPowerCut()).toEqual([1, 2]);
  });

  it('is flushed in a thread where the disk is slow', async () => {
    await findSlow();
    await add(1);
    expect(disk.inThreads).toBe(1);
    expect(keptAfterPowerCut()).toEqual([1]);
  });

  it('is flushed on the event loop again once the disk is quick', async () => {
    await findSlow();
    [disk.isSlow, disk.isInstant] = [false, true];
    const isQuick = async (): Promise<boolean> => {
      const before = disk.inThreads;
      for (let id = 0; id < 50; id += 1) await add(id);
      connection.exec('DELETE FROM things');
      return disk.inThreads === before;
    };
    let rounds = 0;
    while (!(await isQuick())) {
      rounds += 1;
      expect(rounds).toBeLessThan(20);
    }
  });

  it('shares the flush that follows the one under way, and answers nobody before', async () => {
    await findSlow();
    disk.held = [];
    const first = add(1);
    expect(await isAnswered(first)).toBe(false);
    const next = [add(2), add(3)];
    expect(await isAnswered(Promise.race(next))).toBe(false);
    next.push(add(4));
    expect(await isAnswered(Promise.race(next))).toBe(false);
    expect(disk.held).toHaveLength(1);
    disk.held.shift()?.();
    await first;
    expect(await isAnswered(Promise.race(next))).toBe(false);
    expect(disk.held).toHaveLength(1);
    disk.held.shift()?.();
    await Promise.all(next);
    expect(keptAfterPowerCut()).toEqual([1, 2, 3, 4]);
  });

  it('keeps nobody waiting who asks for no flush', async () => {
    await findSlow();
    disk.held = [];
    const durable = add(1);
    const [claimed] = await Promise.all([
      engine.writeReturning(
        { sql: 'INSERT INTO things (id) VALUES (?) RETURNING id AS count', parameters: [2] },
        'soon durable',
      ),
      add(3, 'soon durable'),
    ]);
    expect(claimed).toMatchObject({ count: 2 });
    expect(await isAnswered(durable)).toBe(false);
    disk.held.shift()?.();
    await durable;
  });

  it('is flushed before anybody hears what is owed: by reading, or by changing nothing any more', async () => {
    await findSlow();
    disk.held = [];
    const durable = add(1);
    expect(await isAnswered(durable)).toBe(false);
    const read = seen();
    const nothing = engine.write([{ sql: 'DELETE FROM things WHERE id = ?', parameters: [9] }], 'durable');
    expect(await isAnswered(read)).toBe(false);
    expect(await isAnswered(nothing)).toBe(false);
    disk.held.shift()?.();
    expect(await read).toEqual([1]);
    expect(await nothing).toBe(0);
    expect(keptAfterPowerCut()).toEqual([1]);
    expect(disk.held).toEqual([]);
  });

  it.each(['quick', 'slow'])(
    'refuses what a %s disk did not take, and then keeps it elsewhere',
    async (speed) => {
      if (speed === 'slow') await findSlow();
      disk.refuses = true;
      await expect(add(1)).rejects.toMatchObject({ code: 'SQLITE_IOERR_FSYNC' });
      const flushes = disk.onLoop + disk.inThreads;
      await add(2);
      expect(disk.onLoop + disk.inThreads).toBe(flushes);
      disk.refuses = false;
      await add(3);
      expect(disk.onLoop + disk.inThreads).toBe(flushes + 1);
      // What the disk has refused may be missing in the log, but it is in the database itself.
      await rm(join(root, 'kept', 'file.sqlite-wal'));
      expect(keptAfterPowerCut()).toEqual([1, 2]);
    },
  );

  it('is flushed on the event loop where no thread gets to it', async () => {
    engine.close();
    engine = new SqliteEngine(connection, { disk, lateMs: 10 });
    await findSlow();
    disk.held = [];
    await Promise.all([add(1), seen()]);
    expect(disk.held).toHaveLength(1);
    expect(keptAfterPowerCut()).toEqual([1]);
    disk.refuses = true;
    disk.held.shift()?.();
    disk.refuses = false;
    // Whatever that thread could not bring to the disk is kept elsewhere.
    await add(2);
    expect(disk.held).toEqual([]);
    expect(inTheDatabaseItself()).toEqual([1, 2]);
  });

  it('is not relied on after a thread came too late and failed, whatever another flush tells meanwhile', async () => {
    engine.close();
    engine = new SqliteEngine(connection, { disk, lateMs: 10 });
    await findSlow();
    disk.held = [];
    await add(1);
    const second = add(2);
    await isAnswered(second);
    disk.refuses = true;
    disk.held.shift()?.();
    disk.refuses = false;
    disk.held.shift()?.();
    await second;
    const flushes = disk.onLoop + disk.inThreads;
    await add(3);
    expect(disk.onLoop + disk.inThreads).toBe(flushes);
    expect(inTheDatabaseItself()).toEqual([1, 2, 3]);
  });

  it('is given back when all is over, and not before', async () => {
    const logs = async (): Promise<number> => {
      const open = await readdir('/proc/self/fd');
      return open.filter((fd) => targetOf(fd).startsWith(join(root, 'now', 'file.sqlite-wal'))).length;
    };
    await findSlow();
    disk.held = [];
    const before = await logs();
    const last = add(1);
    expect(await isAnswered(last)).toBe(false);
    const after = add(2);
    expect(await isAnswered(after)).toBe(false);
    engine.close();
    expect(await logs()).toBe(before);
    disk.held.shift()?.();
    await Promise.all([last, after]);
    await eventually(async () => {
      expect(await logs()).toBe(before - 1);
    });
    expect(inTheDatabaseItself()).toEqual([1, 2]);
    expect(disk.held).toEqual([]);
  });

  it('is not needed for what comes after it was given back', async () => {
    await add(1);
    engine.close();
    await add(2);
    expect(disk.onLoop).toBe(1);
    expect(inTheDatabaseItself()).toEqual([1, 2]);
  });

  it('stays with threads where the event loop has other things to do', async () => {
    await findSlow();
    // The test's disk keeps it busy itself.
    let next = 0;
    const count = async (): Promise<number> => {
      const before = disk.inThreads;
      for (let n = 0; n < 16; n += 1) await add((next += 1));
      return disk.inThreads - before;
    };
    await count();
    expect(await count()).toBe(15);
  });

  it('is none of a database in memory', async () => {
    const inMemory = new SqliteEngine(new Sqlite(':memory:'), { disk });
    expect(await inMemory.write([{ sql: 'CREATE TABLE t (id)', parameters: [] }], 'durable')).toBe(0);
    expect(disk).toMatchObject({ onLoop: 0, inThreads: 0 });
    inMemory.close();
  });
});

function targetOf(descriptor: string): string {
  try {
    fstatSync(Number(descriptor));
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return '';
  }
}
