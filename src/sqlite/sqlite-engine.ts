import { type Durability, type Statement } from './statement.js';

/** What is used of the SQLite driver: better-sqlite3's interface, which libsql has as well. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): Prepared;
}

interface Prepared {
  run(parameters: readonly unknown[]): { changes: number };
  all(parameters: readonly unknown[]): unknown[];
}

interface Unit {
  readonly statements: readonly Statement[];
  readonly durability: Durability;
  readonly resolve: (changes: number) => void;
  readonly reject: (error: unknown) => void;
}

const MOST_PREPARED = 200;
const AGAIN_MS = 5;

/**
 * Straight to the one connection. All writes that arrive in one turn of the event loop share a transaction, and so
 * one fsync; each is answered after the commit. What need not survive a power cut waits for no fsync: a later durable
 * commit, or a checkpoint, brings it to the disk, in order (`docs/decisions/0006-group-commit.md`).
 */
export class SqliteEngine {
  private waiting: Unit[] = [];
  private readonly prepared = new Map<string, Prepared>();
  private synchronous: 'FULL' | 'NORMAL' | undefined;
  /** Of `performance.now()`; undefined while nobody else writes. */
  private busyUntil: number | undefined;

  /** @param patienceMs how long writes wait for the end of others' transactions, beyond what SQLite waits itself */
  constructor(
    private readonly connection: SqliteConnection,
    private readonly patienceMs = 0,
  ) {}

  rows({ sql, parameters }: Statement): Promise<unknown[]> {
    return new Promise((resolve) => {
      resolve(this.statement(sql).all(parameters));
    });
  }

  write(statements: readonly Statement[], durability: Durability): Promise<number> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ statements, durability, resolve, reject });
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
      const answers = this.transact(units);
      this.busyUntil = undefined;
      answers.forEach((answer) => {
        answer();
      });
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

  /** Says how to answer each, once all is committed. Throws where the transaction of all is lost. */
  private transact(units: readonly Unit[]): (() => void)[] {
    this.sync(units.some(({ durability }) => durability === 'durable') ? 'FULL' : 'NORMAL');
    const [only, ...others] = units;
    // A statement by itself is a transaction.
    if (only?.statements.length === 1 && others.length === 0) return [this.runUnit(only)];
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const answers = units.map((unit) => this.runUnit(unit));
      this.connection.exec('COMMIT');
      return answers;
    } catch (error) {
      if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  /** One whose statement is wrong fails alone: a lone statement undoes itself, several do to a savepoint. */
  private runUnit({ statements, resolve, reject }: Unit): () => void {
    const several = statements.length > 1;
    try {
      if (several) this.connection.exec('SAVEPOINT unit');
      const changes = this.run(statements);
      if (several) this.connection.exec('RELEASE unit');
      return () => {
        resolve(changes);
      };
    } catch (error) {
      // A full disk, say, ends the transaction of all; and a statement by itself has none.
      if (!this.connection.inTransaction) throw error;
      if (several) this.connection.exec('ROLLBACK TO unit; RELEASE unit');
      return () => {
        reject(error);
      };
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

  private sync(mode: 'FULL' | 'NORMAL'): void {
    if (this.synchronous !== mode) this.connection.exec(`PRAGMA synchronous = ${mode}`);
    this.synchronous = mode;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}
