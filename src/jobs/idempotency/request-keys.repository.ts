import { type Database } from '../../database/database.js';
import { keysTable, type RequestKey } from './request-key.query.js';

/** What a key was used for. */
export interface KeyUse {
  readonly jobId: string;
  readonly fingerprint: string;
}

/**
 * The keys of requests in the database, each as old as the job that was started under it. They are taken where jobs are
 * inserted, with them (`JobsRepository.insert`).
 */
export class RequestKeys {
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.table = keysTable({ tablePrefix: database.source.options.entityPrefix ?? '' });
  }

  async find({ owner, key }: Pick<RequestKey, 'owner' | 'key'>): Promise<KeyUse | undefined> {
    const sql = `SELECT job_id AS jobId, fingerprint FROM ${this.table} WHERE owner = ? AND idempotency_key = ?`;
    const [use] = await this.database.rows<KeyUse>({ sql, parameters: [owner, key] });
    return use;
  }

  /** Forgets the keys of these jobs. One that another job has taken meanwhile stays. */
  async forget(jobIds: readonly string[]): Promise<void> {
    const marks = jobIds.map(() => '?').join(', ');
    const sql = `DELETE FROM ${this.table} WHERE job_id IN (${marks})`;
    await this.database.change({ sql, parameters: jobIds }, 'soon durable');
  }

  /** Forgets keys of jobs whose ids are below `firstKept`; resolves with how many, at most `limit`. */
  async prune(firstKept: string, limit: number): Promise<number> {
    const sql = `SELECT job_id AS jobId FROM ${this.table} WHERE job_id < ? ORDER BY job_id LIMIT ${limit}`;
    const old = await this.database.rows<Pick<KeyUse, 'jobId'>>({ sql, parameters: [firstKept] });
    if (old.length > 0) await this.forget(old.map(({ jobId }) => jobId));
    return old.length;
  }
}
