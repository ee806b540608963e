import { type Database } from '../database/database.js';
import { type Statement } from '../database/engine.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';
import { LEASED_STATES } from './job.states.js';
import { stateIn } from './job.tombstone.js';

/** Whoever asks how many are ahead of a job is told no more exactly than that. */
export const MOST_COUNTED = 1_000;

/** What waits that may run before a job. */
export interface Ahead {
  /** Jobs of a higher priority, and earlier ones of its owner; {@link MOST_COUNTED} + 1: more than that. */
  readonly jobs: number;
  /** Whether jobs of the same priority wait that are other users': these take turns with its owner's. */
  readonly hasOthers: boolean;
}

/** A job that an agent holds. */
export interface HeldJob {
  readonly agent: string;
  readonly state: (typeof LEASED_STATES)[number];
}

type Waiting = Pick<JobRow, 'id' | 'owner' | 'queueRank' | 'requires'>;

/** The line in which jobs wait, and what runs meanwhile, as the database has them. However long the line, little of it is read. */
export class WaitingLine {
  private readonly target: SchemaTarget;
  private readonly jobs: string;

  constructor(private readonly database: Database) {
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
    const force = this.target.dialect === 'mysql' ? `FORCE INDEX (\`${tablePrefix}job_dispatch\`)` : '';
    this.jobs = `${tablePrefix}jobs ${force}`;
  }

  /** Ahead of `job`, among those that require the same of their agent. */
  async aheadOf({ id, owner, queueRank, requires }: Waiting): Promise<Ahead> {
    const higher = this.queued('AND queue_rank < ?', [requires, queueRank]);
    const earlier = this.queued('AND queue_rank = ? AND owner = ? AND id < ?', [
      ...[requires, queueRank, owner, id],
    ]);
    const [before, theirs, [other]] = await Promise.all([
      this.count(higher),
      this.count(earlier),
      this.database.rows(this.ofOthers(requires, queueRank, owner)),
    ]);
    return { jobs: Math.min(before + theirs, MOST_COUNTED + 1), hasOthers: other !== undefined };
  }

  /** What agents hold. */
  held(): Promise<HeldJob[]> {
    const sql = `SELECT agent, state FROM ${this.jobs} WHERE ${stateIn(LEASED_STATES)}`;
    return this.database.rows<HeldJob>({ sql, parameters: [] });
  }

  private async count({ sql, parameters }: Statement): Promise<number> {
    const limited = `SELECT COUNT(*) AS waiting FROM (${sql} LIMIT ${String(MOST_COUNTED + 1)}) w`;
    const [row] = await this.database.rows<{ waiting: number | string }>({ sql: limited, parameters });
    return Number(row?.waiting ?? 0);
  }

  /** By two ranges of the index: whose jobs are many need not be walked over. */
  private ofOthers(requires: string, queueRank: number, owner: string): Statement {
    const [before, after] = ['<', '>'].map((order) =>
      this.queued(`AND queue_rank = ? AND owner ${order} ?`, [requires, queueRank, owner]),
    ) as [Statement, Statement];
    return {
      sql: `SELECT * FROM (${before.sql} LIMIT 1) b UNION ALL SELECT * FROM (${after.sql} LIMIT 1) a`,
      parameters: [...before.parameters, ...after.parameters],
    };
  }

  private queued(where: string, parameters: readonly (number | string)[]): Statement {
    return { sql: `SELECT 1 FROM ${this.jobs} WHERE state = 'queued' AND requires = ? ${where}`, parameters };
  }
}
