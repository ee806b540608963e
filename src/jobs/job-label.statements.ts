import { type Statement } from '../database/engine.js';
import { outcomeOf, outcomesOfRows } from './job-label.outcome.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';
import { type JobState } from './job.states.js';

type Target = Pick<SchemaTarget, 'tablePrefix'>;

/** Of a job that is accepted with them. */
export function insertLabelsStatement(
  { tablePrefix }: Target,
  row: JobRow,
  labels: readonly string[],
): Statement {
  const rows = labels.flatMap((label) =>
    outcomesOfRows(row.state).map((outcome) => [row.owner, label, outcome, row.id]),
  );
  return {
    sql: `INSERT INTO ${tablePrefix}job_labels (owner, label, outcome, job_id)
        VALUES ${rows.map(() => '(?, ?, ?, ?)').join(', ')}`,
    parameters: rows.flat(),
  };
}

/** Of a job that ends; changes nothing where the change of state before it did not. */
export function outcomeInLabelsStatement({ tablePrefix }: Target, id: string, state: JobState): Statement {
  const sql = `UPDATE ${tablePrefix}job_labels SET outcome = ? WHERE job_id = ? AND outcome = ''
      AND EXISTS (SELECT 1 FROM ${tablePrefix}jobs WHERE id = ? AND state = ?)`;
  return { sql, parameters: [outcomeOf(state), id, id, state] };
}
