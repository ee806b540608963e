import { type Database } from '../../database/database.js';
import { Table } from '../../database/table.js';
import { type WebhookRow } from './webhook.entity.js';

/** How one try went. */
export interface TryResult {
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly dueAt: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly deliveredAt: number | null;
}

/** The webhooks in the database. Throws `DomainError('unavailable')` while that is away. */
export class Webhooks {
  private readonly table: Table<WebhookRow>;

  constructor(private readonly database: Database) {
    this.table = new Table<WebhookRow>(database, 'Webhook');
  }

  async of(jobId: string): Promise<WebhookRow | null> {
    const sql = `SELECT * FROM ${this.table.name} WHERE job_id = ?`;
    const [raw] = await this.database.rows<Record<string, unknown>>({ sql, parameters: [jobId] });
    return raw === undefined ? null : this.table.read(raw);
  }

  /** Those whose time has come at `now`, earliest first. */
  async due(now: number, limit: number): Promise<WebhookRow[]> {
    const sql = `SELECT * FROM ${this.table.name} WHERE due_at <= ? ORDER BY due_at LIMIT ${String(limit)}`;
    const rows = await this.database.rows<Record<string, unknown>>({ sql, parameters: [now] });
    return rows.map((raw) => this.table.read(raw));
  }

  async nextDue(): Promise<number | null> {
    const sql = `SELECT due_at AS at FROM ${this.table.name} WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`;
    const [row] = await this.database.rows<{ at: string | number }>({ sql, parameters: [] });
    return row === undefined ? null : Number(row.at);
  }

  /** Puts it off, unless somebody else has done so since it was read: of several servers one tries. */
  async putOff({ jobId, dueAt }: WebhookRow, until: number): Promise<boolean> {
    const sql = `UPDATE ${this.table.name} SET due_at = ? WHERE job_id = ? AND due_at = ?`;
    return (await this.database.change({ sql, parameters: [until, jobId, dueAt] }, 'soon durable')) > 0;
  }

  /** Puts off what is still due at `now`. */
  async putOffDue(rows: readonly WebhookRow[], now: number, until: number): Promise<void> {
    if (rows.length === 0) return;
    const ids = rows.map(({ jobId }) => jobId);
    const sql = `UPDATE ${this.table.name} SET due_at = ? WHERE due_at <= ? AND job_id IN (${ids.map(() => '?').join(', ')})`;
    await this.database.change({ sql, parameters: [until, now, ...ids] }, 'soon durable');
  }

  /** Notes how a try went, unless another one has begun meanwhile, since this one was taken for lost. */
  async settle({ jobId, tries }: WebhookRow, heldUntil: number, result: TryResult): Promise<void> {
    const assignments = this.table.assignments({ ...result, tries: tries + 1 });
    const sql = `UPDATE ${this.table.name} SET ${assignments.sql} WHERE job_id = ? AND due_at = ?`;
    const parameters = [...assignments.parameters, jobId, heldUntil];
    await this.database.change({ sql, parameters }, 'soon durable');
  }

  async forget(jobId: string): Promise<void> {
    const sql = `DELETE FROM ${this.table.name} WHERE job_id = ?`;
    await this.database.change({ sql, parameters: [jobId] }, 'soon durable');
  }
}
