import { type Database } from '../../database/database.js';
import { type Statement } from '../../database/engine.js';

const PAGE = 500;

/** The tables of jobs as they are, whatever the service thinks of them. */
export class JobTable {
  readonly jobs: string;
  readonly labels: string;
  readonly webhooks: string;

  constructor(readonly database: Database) {
    const prefix = database.source.options.entityPrefix ?? '';
    this.jobs = `${prefix}jobs`;
    this.labels = `${prefix}job_labels`;
    this.webhooks = `${prefix}webhooks`;
  }

  /** All jobs of which `where` is true, by their ids, a page at a time. */
  async *select<Row extends { id: string }>(columns: string, where = '1 = 1'): AsyncGenerator<Row> {
    for (let last = ''; ;) {
      const rows = await this.database.rows<Row>({
        sql: `SELECT ${columns} FROM ${this.jobs} WHERE id > ? AND (${where}) ORDER BY id LIMIT ${String(PAGE)}`,
        parameters: [last],
      });
      yield* rows;
      const end = rows.at(-1);
      if (end === undefined || rows.length < PAGE) return;
      last = end.id;
    }
  }

  /** One job, as long as `guard` is still true of it. */
  async change(id: string, assignments: Statement, guard: Statement): Promise<void> {
    const sql = `UPDATE ${this.jobs} SET ${assignments.sql} WHERE id = ? AND (${guard.sql})`;
    const parameters = [...assignments.parameters, id, ...guard.parameters];
    await this.database.change({ sql, parameters }, 'durable');
  }

  async atomically(statements: readonly Statement[]): Promise<void> {
    await this.database.atomically(statements, 'durable');
  }
}
