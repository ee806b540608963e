import { type Database } from '../../database/database.js';
import { type Statement } from '../../database/engine.js';
import { Table } from '../../database/table.js';
import { JobChanges } from '../job-changes.port.js';
import { type JobRow, type SchemaTarget } from '../job.entity.js';
import { forgetWebhooksStatement } from '../webhooks/webhook.query.js';
import { FORGOTTEN, lateFilesOfHeld, mayBecome, TOMBSTONE } from '../job.tombstone.js';

/** A job past its time to live. */
export interface ExpiredJob {
  readonly id: string;
  /** False: no agent ever had it, so it left nothing behind. */
  readonly wasTried: boolean;
  readonly hasLabels: boolean;
  readonly hasWebhook: boolean;
}

/** Jobs past their time to live, which may be many at once: whatever their number, they are buried by a few statements. */
export class ExpiredJobs {
  private readonly table: Table<JobRow>;
  private readonly target: SchemaTarget;

  constructor(
    private readonly database: Database,
    private readonly changes = new JobChanges(),
  ) {
    this.table = new Table<JobRow>(database, 'Job');
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
  }

  /** The first `limit` that are due at `now`, in ms since the epoch. */
  async due(now: number, limit: number): Promise<ExpiredJob[]> {
    const force =
      this.target.dialect === 'mysql' ? `FORCE INDEX (\`${this.target.tablePrefix}job_expires\`)` : '';
    const rows = await this.database.rows<{ id: string; attempt: number; hasLabels: number; spec: string }>({
      sql: `SELECT id, attempt, labels IS NOT NULL AS hasLabels, spec FROM ${this.table.name} ${force}
        WHERE expires_at <= ? ORDER BY expires_at LIMIT ${limit}`,
      parameters: [now],
    });
    return rows.map(({ id, attempt, hasLabels, spec }) => ({
      id,
      hasWebhook: spec.includes('"hasWebhook":true'),
      wasTried: attempt > 0,
      hasLabels: hasLabels === 1,
    }));
  }

  /**
   * Leaves tombstones of those that are still there. Of a job that was tried its tombstone says that a clean-up is owed,
   * and what it names of files stays until then; of all others nothing is left.
   */
  async bury(jobs: readonly ExpiredJob[], now: number): Promise<void> {
    const tried = idsOf(jobs.filter(({ wasTried }) => wasTried));
    const fresh = jobs.filter(({ wasTried }) => !wasTried);
    const hooked = idsOf(jobs.filter(({ hasWebhook }) => hasWebhook));
    const labelled = idsOf(fresh.filter(({ hasLabels }) => hasLabels));
    const statements = [
      ...(tried.length > 0 ? [this.burial(tried, now, this.owing(now))] : []),
      ...(fresh.length > 0 ? [this.burial(idsOf(fresh), now, this.forgetting())] : []),
      ...(labelled.length > 0 ? [this.removalOfLabels(labelled)] : []),
      ...(hooked.length > 0 ? [forgetWebhooksStatement(this.target, hooked)] : []),
    ];
    // Should it be lost with the machine's power, they are still past their time, and buried again.
    if (statements.length > 0) await this.database.atomically(statements, 'soon durable');
    if (jobs.length > 0) this.changes.tell(idsOf(jobs), 'expired');
  }

  /** Looks at what the row was before it changes it: MySQL makes assignments one after the other. */
  private owing(now: number): { assignments: Statement[]; guard: string } {
    const changes = this.table.assignments({ cleanupAt: now });
    return { assignments: [lateFilesOfHeld(now), changes], guard: 'attempt > 0' };
  }

  /** A server whose clock is a little behind may have claimed it meanwhile: then it was not untried. */
  private forgetting(): { assignments: Statement[]; guard: string } {
    return { assignments: [this.table.assignments(FORGOTTEN)], guard: 'attempt = 0' };
  }

  private burial(
    ids: readonly string[],
    now: number,
    { assignments, guard }: { assignments: Statement[]; guard: string },
  ): Statement {
    const gone = { ...TOMBSTONE, state: 'expired', goneAt: now } as const;
    const all = [...assignments, this.table.assignments(gone)];
    // By nothing but their ids: SQLite would walk all jobs that wait, and skip those columns where a plus stands before them.
    const [force, plus] = this.target.dialect === 'mysql' ? ['FORCE INDEX (PRIMARY)', ''] : ['', '+'];
    return {
      sql: `UPDATE ${this.table.name} ${force} SET ${all.map(({ sql }) => sql).join(', ')}
        WHERE id IN (${placesFor(ids)}) AND ${plus}${mayBecome('expired')}
          AND ${plus}expires_at <= ? AND ${guard}`,
      parameters: [...all.flatMap(({ parameters }) => parameters), ...ids, now],
    };
  }

  private removalOfLabels(ids: readonly string[]): Statement {
    return {
      sql: `DELETE FROM ${this.target.tablePrefix}job_labels WHERE job_id IN (${placesFor(ids)})`,
      parameters: ids,
    };
  }
}

function idsOf(jobs: readonly ExpiredJob[]): string[] {
  return jobs.map(({ id }) => id);
}

function placesFor(ids: readonly string[]): string {
  return ids.map(() => '?').join(', ');
}
