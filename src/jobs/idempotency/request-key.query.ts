import { type Statement } from '../../database/engine.js';
import { type SchemaTarget } from '../job.entity.js';

/** A request that its caller has given a key. */
export interface RequestKey {
  readonly owner: string;
  readonly key: string;
  /** Of what is asked for. */
  readonly fingerprint: string;
}

/**
 * Takes a key for a job, as the condition of a transaction that inserts the job. Of several at once the database lets one
 * take it; the others wait for that one's commit, and change nothing.
 */
export function takeKeyStatement(target: SchemaTarget, request: RequestKey, jobId: string): Statement {
  const ignore = target.dialect === 'mysql' ? 'INSERT IGNORE' : 'INSERT OR IGNORE';
  return {
    sql: `${ignore} INTO ${keysTable(target)} (owner, idempotency_key, job_id, fingerprint) VALUES (?, ?, ?, ?)`,
    parameters: [request.owner, request.key, jobId, request.fingerprint],
    isCondition: true,
  };
}

export function keysTable({ tablePrefix }: Pick<SchemaTarget, 'tablePrefix'>): string {
  return `${tablePrefix}idempotency_keys`;
}
