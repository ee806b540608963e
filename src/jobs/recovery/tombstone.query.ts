import { type Statement } from '../../database/engine.js';
import { type SchemaTarget } from '../job.entity.js';

/**
 * The statement that finds the first `limit` tombstones older than `goneBefore`, in ms since the epoch, of which nothing is left
 * to clean up. That holds for most jobs of all, so SQLite must be kept from beginning there.
 */
export function oldTombstonesStatement(target: SchemaTarget, goneBefore: number, limit: number): Statement {
  const index = `${target.tablePrefix}job_gone`;
  const byIndex = target.dialect === 'mysql' ? `FORCE INDEX (\`${index}\`)` : `INDEXED BY ${index}`;
  return {
    sql: `SELECT id FROM ${target.tablePrefix}jobs ${byIndex} WHERE gone_at <= ? AND cleanup_at IS NULL
      ORDER BY gone_at LIMIT ${limit}`,
    parameters: [goneBefore],
  };
}
