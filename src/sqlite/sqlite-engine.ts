import { type Prepared, type SqliteConnection } from './connection.js';
import { LogFlush, type LogFlushOptions } from './log-flush.js';
import { type CountUp, type Durability, type Statement } from './statement.js';

/** What a unit did within the transaction, and how to say so once that is committed. */
interface Done {
  readonly unit: Unit;
  readonly changes: number;
  readonly answer: () => void;
}

interface Unit {
  /** Whether it must be undone by itself where a part of it fails. */
  readonly hasParts: boolean;
  readonly durability: Durability;
  readonly run: () => Pick<Done, 'changes' | 'answer'>;
  readonly reject: (error: unknown) => void;
}

export interface SqliteEngineOptions extends LogFlushOptions {
  /** How long writes wait for the end of others' transactions, beyond what SQLite waits itself; 0 where it is not said. */
  readonly patienceMs?: number;
}

const MOST_PREPARED = 200;
const AGAIN_MS = 5;

/**
 * Straight to the one connection. All writes that arrive in one turn of the event loop share a transaction, and those that are
 * durable a flush; each is answered after it. What need not survive a power cut waits for none: a later one, or a checkpoint,
 * brings it to the disk, in order (`docs/decisions/0006-group-commit.md`).
 */
export class SqliteEngine {
  private waiting: Unit[] = [];
  private readonly prepared = new Map<string, Prepared>();
  /** Undefined where SQLite flushes each commit itself. */
  private readonly log: LogFlush | undefined;
  private readonly patienceMs: number;
  /** Of `performance.now()`; undefined while nobody else writes. */
  private busyUntil: number | undefined;

  constructor(
    private readonly connection: SqliteConnection,
    { patienceMs = 0, ...flush }: SqliteEngineOptions = {},
  ) {
    this.patienceMs = patienceMs;
    this.log = LogFlush.of(connection, flush);
  }

  /** What they tell of is on the disk, as far as it was to be. */
  rows({ sql, parameters }: Statement): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const found = this.statement(sql).all(parameters);
      this.settleOwed((error) => {
        if (error === null) resolve(found);
        else reject(error);
      });
    });
  }

  write(statements: readonly Statement[], durability: Durability): Promise<number> {
    const run = (): [number, number] => {
      const changes = this.run(statements);
      return [changes, changes];
    };
    return this.transacted(run, { durability, hasParts: statements.length > 1 });
  }

  /** Runs a statement with `RETURNING` that changes at most one row; resolves with what it returned, or undefined. */
  writeReturning({ sql, parameters }: Statement, durability: Durability): Promise<unknown> {
    const run = (): [number, unknown] => {
      const returned = this.statement(sql).get(parameters);
      return [returned === undefined ? 0 : 1, returned];
    };
    return this.transacted(run, { durability, hasParts: false });
  }

  async countUp({ update, column }: CountUp, durability: Durability): Promise<number | null> {
    const returning = { ...update, sql: `${update.sql} RETURNING ${column} AS count` };
    const row = (await this.writeReturning(returning, durability)) as { count: number } | undefined;
    return row?.count ?? null;
  }

  /** Its one connection, which nobody waits for. */
  poolState(): { open: number; busy: number; waiting: number } {
    return { open: 1, busy: 0, waiting: 0 };
  }

  /** To be called before the connection is closed. */
  close(): void {
    this.log?.close();
  }

  private transacted<Answer>(
    run: () => readonly [changes: number, answer: Answer],
    { durability, hasParts }: Pick<Unit, 'durability' | 'hasParts'>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const unit = (): Pick<Done, 'changes' | 'answer'> => {
        const [changes, answer] = run();
        return {
          changes,
          answer: () => {
            resolve(answer);
          },
        };
      };
      this.waiting.push({ hasParts, durability, run: unit, reject });
      if (this.waiting.length === 1)
        setImmediate(() => {
          this.flush();
        });
    });
  }

  private flush(): void {
    const units = this.waiting;
    this.waiting = [];
    try {
      const done = this.transact(units);
      this.busyUntil = undefined;
      this.answer(done);
    } catch (error) {
      if (isBusy(error) && this.isPatient()) {
        this.tryAgain(units);
        return;
      }
      this.busyUntil = undefined;
      units.forEach(({ reject }) => {
        reject(error);
      });
    }
  }

  private answer(done: readonly Done[]): void {
    const durable: Done[] = [];
    for (const one of done) {
      if (one.unit.durability === 'durable') durable.push(one);
      else one.answer();
    }
    if (durable.length === 0) return;
    const settle = (error: Error | null): void => {
      for (const { unit, answer } of durable) {
        if (error === null) answer();
        else unit.reject(error);
      }
    };
    // What changed nothing may tell of what another one did.
    if (this.log === undefined || durable.every(({ changes }) => changes === 0)) this.settleOwed(settle);
    else this.log.flush(settle);
  }

  private settleOwed(settle: (error: Error | null) => void): void {
    if (this.log === undefined) settle(null);
    else this.log.whenNothingIsOwed(settle);
  }

  private isPatient(): boolean {
    const now = performance.now();
    this.busyUntil ??= now + this.patienceMs;
    return now < this.busyUntil;
  }

  /** With what comes meanwhile. */
  private tryAgain(units: readonly Unit[]): void {
    this.waiting = [...units];
    setTimeout(() => {
      this.flush();
    }, AGAIN_MS);
  }

  /** Throws where the transaction of all is lost. */
  private transact(units: readonly Unit[]): Done[] {
    const [only, ...others] = units;
    // A statement by itself is a transaction.
    if (only?.hasParts === false && others.length === 0) return [this.runUnit(only)];
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const done = units.map((unit) => this.runUnit(unit));
      this.connection.exec('COMMIT');
      return done;
    } catch (error) {
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** One whose statement is wrong fails alone: a lone statement undoes itself, several do to a savepoint. */
  private runUnit(unit: Unit): Done {
    const { hasParts, run, reject } = unit;
    try {
      if (hasParts) this.connection.exec('SAVEPOINT unit');
      const { changes, answer } = run();
      if (hasParts) this.connection.exec('RELEASE unit');
      return { unit, changes, answer };
    } catch (error) {
      // A full disk, say, ends the transaction of all; and a statement by itself has none.
      if (!this.connection.inTransaction) throw error;
      if (hasParts) this.connection.exec('ROLLBACK TO unit; RELEASE unit');
      const answer = (): void => {
        reject(error);
      };
      return { unit, changes: 0, answer };
    }
  }

  private run(statements: readonly Statement[]): number {
    let sum = 0;
    for (const { sql, parameters, isCondition } of statements) {
      const { changes } = this.statement(sql).run(parameters);
      if (isCondition === true && changes === 0) break;
      sum += changes;
    }
    return sum;
  }

  private statement(sql: string): Prepared {
    let prepared = this.prepared.get(sql);
    if (prepared === undefined) {
      if (this.prepared.size >= MOST_PREPARED) this.prepared.clear();
      prepared = this.connection.prepare(sql);
      this.prepared.set(sql, prepared);
    }
    return prepared;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
