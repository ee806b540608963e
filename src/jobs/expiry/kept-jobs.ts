import { type Database } from '../../database/database.js';
import { type Statement } from '../../database/engine.js';
import { stateIn } from '../job.tombstone.js';

const FINISHED = stateIn(['succeeded', 'failed', 'cancelled']);

/** An assignment to a job that ends: it expires at `at` (ms since the epoch), unless it would before. */
export function expiringBy(at: number): Statement {
  return {
    sql: 'expires_at = CASE WHEN expires_at IS NULL OR expires_at > ? THEN ? ELSE expires_at END',
    parameters: [at, at],
  };
}

/** Finished jobs that are kept for longer than they should be. */
export class KeptJobs {
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.table = `${database.source.options.entityPrefix ?? ''}jobs`;
  }

  /** Looks through jobs by their ids; resolves with the last one that it has looked at, or null after all. */
  async limit(retentionMs: number, { after, most }: { after: string; most: number }): Promise<string | null> {
    const page = await this.database.rows<{ id: string; isKept: number }>({
      sql: `SELECT id, ${FINISHED} AND (expires_at IS NULL OR expires_at > finished_at + ?) AS isKept
        FROM ${this.table} WHERE id > ? ORDER BY id LIMIT ${String(most)}`,
      parameters: [retentionMs, after],
    });
    const ids = page.filter(({ isKept }) => isKept === 1).map(({ id }) => id);
    if (ids.length > 0) {
      const places = ids.map(() => '?').join(', ');
      const sql = `UPDATE ${this.table} SET expires_at = finished_at + ? WHERE id IN (${places}) AND ${FINISHED}`;
      await this.database.change({ sql, parameters: [retentionMs, ...ids] }, 'soon durable');
    }
    return page.length < most ? null : (page.at(-1)?.id ?? null);
  }
}
