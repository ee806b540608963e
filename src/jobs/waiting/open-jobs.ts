import { type Database } from '../../database/database.js';
import { type SchemaTarget } from '../job.entity.js';
import { ALL_STATES, isFinished, isVisible } from '../job.states.js';
import { stateIn } from '../job.tombstone.js';

/** The states of jobs that have not ended. */
const OPEN_STATES = ALL_STATES.filter((state) => isVisible(state) && !isFinished(state));

/** Jobs that have not ended, as the database has them. */
export class OpenJobs {
  private readonly target: SchemaTarget;

  constructor(private readonly database: Database) {
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
  }

  /** Those of `ids`, a few hundred at the most. Throws `DomainError('unavailable')` while the database is away. */
  async of(ids: readonly string[]): Promise<string[]> {
    // By nothing but their ids: the index of states would lead to all jobs that wait.
    const [force, plus] = this.target.dialect === 'mysql' ? ['FORCE INDEX (PRIMARY)', ''] : ['', '+'];
    const rows = await this.database.rows<{ id: string }>({
      sql: `SELECT id FROM ${this.target.tablePrefix}jobs ${force}
        WHERE id IN (${ids.map(() => '?').join(', ')}) AND ${plus}${stateIn(OPEN_STATES)}`,
      parameters: ids,
    });
    return rows.map(({ id }) => id);
  }
}
