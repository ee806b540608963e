import { type Statement } from './engine.js';

/** Groups at once: one is sent while the one before it is flushed. */
const MOST_UNDER_WAY = 2;
const MOST_ROWS = 64;
/** Of their texts; far below what a server takes in one packet. */
const MOST_CHARACTERS = 1_000_000;

/** An INSERT of one row whose placeholders are known. */
export type RowInsert = Statement & { readonly row: string };

interface Unit {
  readonly insert: RowInsert;
  readonly resolve: (changes: number) => void;
  readonly reject: (error: unknown) => void;
}

/** What is used of the connections. */
export interface Inserting {
  /** Resolves when it is committed. */
  run(statement: Statement): Promise<number>;
  /** Whether the server has said that the statement is wrong, and has done nothing of it. */
  isRefusal(error: unknown): boolean;
}

/**
 * Rows that are inserted at the same time share one statement, and so one commit with one flush to the disk
 * (`docs/decisions/0011-group-commit-mysql.md`). It is done whole or not at all: where it is wrong, each row is inserted by
 * itself, so that the wrong one fails alone; what became of it where the connection was lost nobody knows, of any of them.
 */
export class GroupedInserts {
  private waiting: Unit[] = [];
  private underWay = 0;
  private isSending = false;

  constructor(private readonly inserting: Inserting) {}

  add(insert: RowInsert): Promise<number> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ insert, resolve, reject });
      this.sendSoon();
    });
  }

  /** At the end of this turn of the event loop: others may come in it. */
  private sendSoon(): void {
    if (this.isSending || this.waiting.length === 0 || this.underWay === MOST_UNDER_WAY) return;
    this.isSending = true;
    setImmediate(() => {
      this.isSending = false;
      const group = this.takeGroup();
      this.underWay += 1;
      void this.send(group).finally(() => {
        this.underWay -= 1;
        this.sendSoon();
      });
      this.sendSoon();
    });
  }

  /** The first that wait, as long as they are of one kind. */
  private takeGroup(): Unit[] {
    const [first, ...others] = this.waiting;
    if (first === undefined) return [];
    let characters = lengthOf(first.insert);
    const end = others.slice(0, MOST_ROWS - 1).findIndex(({ insert }) => {
      characters += lengthOf(insert);
      return insert.sql !== first.insert.sql || characters > MOST_CHARACTERS;
    });
    return this.waiting.splice(0, end === -1 ? MOST_ROWS : end + 1);
  }

  private async send(group: readonly Unit[]): Promise<void> {
    try {
      await this.inserting.run(together(group.map(({ insert }) => insert)));
      for (const { resolve } of group) resolve(1);
    } catch (error) {
      if (group.length > 1 && this.inserting.isRefusal(error)) {
        for (const { insert, resolve, reject } of group)
          await this.inserting.run(insert).then(resolve, reject);
      } else {
        for (const { reject } of group) reject(error);
      }
    }
  }
}

function together(inserts: readonly RowInsert[]): Statement {
  const [first, ...others] = inserts;
  if (first === undefined) throw new TypeError('a group of no rows');
  const sql = first.sql + others.map(({ row }) => `, ${row}`).join('');
  return { sql, parameters: inserts.flatMap(({ parameters }) => parameters) };
}

function lengthOf({ parameters }: Statement): number {
  return parameters.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}
