import { In, IsNull, LessThanOrEqual, type Repository } from 'typeorm';
import { type Database } from '../database/database.js';
import { type Durability, type Statement } from '../database/engine.js';
import { reachingDatabase } from '../database/failure.js';
import { Table } from '../database/table.js';
import { type JobListing, jobListStatement, labelText } from './job-list.query.js';
import { type RunnableJob, runnableStatement } from './job-queue.query.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';
import { type JobState, LEASED_STATES, sourcesOf } from './job.states.js';

/** Proof that one agent holds one attempt of a job. */
export interface LeaseKey {
  readonly jobId: string;
  readonly attempt: number;
  readonly token: string;
  /** Ms since the epoch: only if it has ended by then, and was not extended meanwhile. */
  readonly endedBy?: number;
}

/** What must hold beside the state, with `?` for its parameters. */
type Guard = Statement;

/** Columns that hold the time at which something is to be done for a job. */
const DUE_COLUMNS = {
  expiresAt: 'expires_at',
  leaseUntil: 'lease_until',
  notBefore: 'not_before',
  cleanupAt: 'cleanup_at',
} as const;
export type DueColumn = keyof typeof DUE_COLUMNS;

/** The data manager gives up an upload that stands still for two minutes. */
export const LATE_FILES_MS = 180_000;

const HELD_BY_NOBODY: Partial<JobRow> = { leaseToken: null, leaseUntil: null };

/**
 * The jobs in the database. Every change of state is one UPDATE whose WHERE names the states it may start
 * from; `false` says that somebody else was first. Throws `DomainError('unavailable')` while the database is away.
 */
export class JobsRepository {
  private readonly jobs: Repository<JobRow>;
  private readonly table: Table<JobRow>;
  private readonly target: SchemaTarget;

  constructor(private readonly database: Database) {
    this.jobs = database.source.getRepository<JobRow>('Job');
    this.table = new Table<JobRow>(database, 'Job');
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
  }

  async insert(row: JobRow): Promise<void> {
    const insert = this.table.insert(row);
    const labels = Object.entries(row.labels ?? {}).map(([key, value]) => labelText(key, value));
    if (labels.length === 0) await this.database.change(insert, 'durable');
    else await this.database.atomically([insert, this.insertLabels(row, labels)], 'durable');
  }

  async find(id: string): Promise<JobRow | null> {
    const sql = `SELECT * FROM ${this.table.name} WHERE id = ?`;
    const [raw] = await this.database.rows<Record<string, unknown>>({ sql, parameters: [id] });
    return raw === undefined ? null : this.table.read(raw);
  }

  /** Ids of a page and one more. */
  async list(listing: JobListing): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(jobListStatement(this.target, listing));
    return rows.map(({ id }) => id);
  }

  /** What an agent with `labels` may run now, in the order in which it is to be run. */
  nextWaiting(limit: number, labels: readonly string[], now: number): Promise<RunnableJob[]> {
    return this.database.rows(runnableStatement(this.target, { limit, labels, now }));
  }

  countWaiting(): Promise<number> {
    return reachingDatabase(() => this.jobs.countBy({ state: 'queued' }));
  }

  /** queued → staging, or running where there is nothing to stage, under a new attempt and lease. */
  async claim(
    id: string,
    lease: { token: string; until: number; agent: string },
    now: number,
  ): Promise<boolean> {
    const changes = { leaseToken: lease.token, leaseUntil: lease.until, agent: lease.agent, notBefore: null };
    const assignments = this.table.assignments(this.database, changes);
    const guard = notExpired(now);
    const statement = {
      sql: `UPDATE ${this.table.name} SET ${assignments.sql}, attempt = attempt + 1,
        state = CASE needs_staging WHEN 0 THEN 'running' ELSE 'staging' END,
        started_at = CASE needs_staging WHEN 0 THEN ? ELSE NULL END
        WHERE id = ? AND ${stateIn(sourcesOf('staging'))} AND (not_before IS NULL OR not_before <= ?) AND ${guard.sql}`,
      parameters: [...assignments.parameters, now, id, now, ...guard.parameters],
    };
    return (await this.database.change(statement, 'soon durable')) === 1;
  }

  /** staging → running. */
  start(lease: LeaseKey, now: number): Promise<boolean> {
    return this.changeHeld(lease, 'running', { startedAt: now }, notExpired(now));
  }

  /** running → succeeded or failed, staging → failed, with all that is to be told of it. */
  finish(
    lease: LeaseKey,
    state: 'succeeded' | 'failed',
    changes: Partial<JobRow> & { finishedAt: number },
  ): Promise<boolean> {
    return this.changeHeld(lease, state, { ...changes, ...HELD_BY_NOBODY }, notExpired(changes.finishedAt));
  }

  /** Back to queued; the next claim is a new attempt. */
  putBack(lease: LeaseKey, changes: Partial<JobRow>): Promise<boolean> {
    return this.changeHeld(lease, 'queued', { ...changes, startedAt: null, agent: null, ...HELD_BY_NOBODY });
  }

  /** Final from the moment it resolves with true. The lease's end is kept: until then its agent may still store files. */
  cancel(id: string, now: number, reason: string): Promise<boolean> {
    const changes = { finishedAt: now, leaseToken: null, notBefore: null, cleanupAt: now, reason };
    return this.change(id, 'cancelled', changes, notExpired(now), lateFilesOfHeld(now));
  }

  /** Leaves a tombstone. What it names of files stays until {@link forget}. */
  bury(id: string, as: 'deleted' | 'expired', now: number): Promise<boolean> {
    const changes = { goneAt: now, cleanupAt: now, leaseToken: null, expiresAt: null, notBefore: null };
    const due = as === 'expired' ? { sql: 'expires_at <= ?', parameters: [now] } : notExpired(now);
    return this.change(id, as, changes, due, lateFilesOfHeld(now));
  }

  /** Extends the leases that are still held, and shortens none: another sign of life may have come later and been heard sooner. Resolves with the ids of those jobs. */
  async renew(leases: readonly LeaseKey[], until: number): Promise<string[]> {
    const held = {
      ids: leases.map(({ jobId }) => jobId),
      tokens: leases.map(({ token }) => token),
      states: LEASED_STATES,
    };
    const where = 'id IN (:...ids) AND lease_token IN (:...tokens) AND state IN (:...states)';
    await reachingDatabase(() =>
      this.jobs
        .createQueryBuilder()
        .update()
        .set({ leaseUntil: until })
        .where(`${where} AND lease_until < :until`, { ...held, until })
        .execute(),
    );
    const rows = await reachingDatabase(() =>
      this.jobs.createQueryBuilder('j').select('j.id', 'id').where(where, held).getRawMany<{ id: string }>(),
    );
    return rows.map(({ id }) => id);
  }

  /** A tombstone keeps its id, its owner and why it is gone; nothing else is left of the job. */
  async forget(id: string): Promise<void> {
    const nothing: Partial<JobRow> = {
      name: null,
      command: '',
      spec: {},
      labels: null,
      ttl: null,
      leaseUntil: null,
      agent: null,
    };
    const noResult: Partial<JobRow> = {
      answerId: null,
      stderrId: null,
      outputs: null,
      exitCode: null,
      signal: null,
      reason: null,
    };
    const noTimes = { startedAt: null, finishedAt: null, cleanupAt: null, lateFilesUntil: null };
    const changes = { ...nothing, ...noResult, ...noTimes };
    const assignments = this.table.assignments(this.database, changes);
    const row = {
      sql: `UPDATE ${this.table.name} SET ${assignments.sql} WHERE id = ? AND state IN ('deleted', 'expired')`,
      parameters: [...assignments.parameters, id],
    };
    const labels = {
      sql: `DELETE FROM ${this.target.tablePrefix}job_labels WHERE job_id = ?`,
      parameters: [id],
    };
    await this.database.atomically([row, labels], 'soon durable');
  }

  /**
   * Notes that a clean-up of what `seen` says was done; nothing happens where the job has changed since,
   * for then it is owed anew.
   */
  async cleanedUp(
    seen: JobRow,
    changes: { cleanupAt?: number; leaseUntil?: null; lateFilesUntil?: null },
  ): Promise<void> {
    const { id, state, attempt, cleanupAt } = seen;
    const where = { id, state, attempt, cleanupAt: cleanupAt ?? IsNull() };
    await reachingDatabase(() => this.jobs.update(where, { cleanupAt: null, ...changes }));
  }

  /** Jobs for which `column` has come, earliest first. */
  due(column: DueColumn, now: number, limit: number): Promise<JobRow[]> {
    const where = {
      [column]: LessThanOrEqual(now),
      ...(column === 'leaseUntil' ? { state: In(LEASED_STATES) } : {}),
    };
    return reachingDatabase(() => this.jobs.find({ where, order: { [column]: 'ASC' }, take: limit }));
  }

  /** When the next job is due, or null. */
  async nextDue(column: DueColumn): Promise<number | null> {
    const name = DUE_COLUMNS[column];
    const held = column === 'leaseUntil' ? `AND state IN ('staging', 'running')` : '';
    const rows = await this.database.rows<{ at: string | number }>({
      sql: `SELECT ${name} AS at FROM ${this.target.tablePrefix}jobs WHERE ${name} IS NOT NULL ${held} ORDER BY ${name} LIMIT 1`,
      parameters: [],
    });
    return rows[0] === undefined ? null : Number(rows[0].at);
  }

  /** Makes a job that waited out its delay runnable. */
  async endDelay(id: string): Promise<void> {
    await reachingDatabase(() => this.jobs.update({ id, state: 'queued' }, { notBefore: null }));
  }

  /** Forgets tombstones older than `goneBefore` of which nothing is left to clean up; resolves with how many, at most `limit`. */
  async prune(goneBefore: number, limit: number): Promise<number> {
    const old = await reachingDatabase(() =>
      this.jobs.find({
        select: { id: true },
        where: { goneAt: LessThanOrEqual(goneBefore), cleanupAt: IsNull() },
        order: { goneAt: 'ASC' },
        take: limit,
      }),
    );
    if (old.length > 0) await reachingDatabase(() => this.jobs.delete(old.map(({ id }) => id)));
    return old.length;
  }

  /** Jobs that `agent` holds by a lease. */
  heldBy(agent: string): Promise<JobRow[]> {
    return reachingDatabase(() => this.jobs.find({ where: { state: In(LEASED_STATES), agent } }));
  }

  /** All that agents hold, oldest first. */
  allHeld(): Promise<Pick<JobRow, 'id' | 'owner' | 'agent'>[]> {
    const where = { state: In(LEASED_STATES) };
    const select = { id: true, owner: true, agent: true };
    return reachingDatabase(() => this.jobs.find({ select, where, order: { id: 'ASC' } }));
  }

  /** Has the files of an attempt looked for that was not believed; nothing happens where that is due already. */
  async suspectFiles(id: string, now: number): Promise<void> {
    await reachingDatabase(() => this.jobs.update({ id, cleanupAt: IsNull() }, { cleanupAt: now }));
  }

  private changeHeld(
    lease: LeaseKey,
    to: JobState,
    changes: Partial<JobRow>,
    guard?: Guard,
  ): Promise<boolean> {
    const ended =
      lease.endedBy === undefined ? [] : [{ sql: 'lease_until <= ?', parameters: [lease.endedBy] }];
    const held = { sql: 'attempt = ? AND lease_token = ?', parameters: [lease.attempt, lease.token] };
    const guards = [held, ...ended, ...(guard === undefined ? [] : [guard])];
    return this.change(lease.jobId, to, changes, {
      sql: guards.map(({ sql }) => sql).join(' AND '),
      parameters: guards.flatMap(({ parameters }) => parameters),
    });
  }

  /** @param first assignments that look at what the row was: MySQL makes them one after the other */
  private async change(
    id: string,
    to: JobState,
    changes: Partial<JobRow>,
    guard: Guard,
    first?: Statement,
  ): Promise<boolean> {
    const assignments = this.table.assignments(this.database, { ...changes, state: to });
    const statement = {
      sql: `UPDATE ${this.table.name} SET ${first === undefined ? '' : `${first.sql}, `}${assignments.sql}
        WHERE id = ? AND ${stateIn(sourcesOf(to))} AND ${guard.sql}`,
      parameters: [...(first?.parameters ?? []), ...assignments.parameters, id, ...guard.parameters],
    };
    return (await this.database.change(statement, durabilityOf(to))) === 1;
  }

  private insertLabels(row: JobRow, labels: readonly string[]): Statement {
    return {
      sql: `INSERT INTO ${this.target.tablePrefix}job_labels (owner, label, job_id) VALUES ${labels.map(() => '(?, ?, ?)').join(', ')}`,
      parameters: labels.flatMap((label) => [row.owner, label, row.id]),
    };
  }
}

function stateIn(states: readonly JobState[]): string {
  return `state IN (${states.map((state) => `'${state}'`).join(', ')})`;
}

function lateFilesOfHeld(now: number): Statement {
  return {
    sql: 'late_files_until = CASE WHEN lease_token IS NULL THEN late_files_until ELSE ? END',
    parameters: [now + LATE_FILES_MS],
  };
}

function notExpired(now: number): Guard {
  return { sql: '(expires_at IS NULL OR expires_at > ?)', parameters: [now] };
}

/**
 * What was answered for must last. What an agent holds need not: a machine that lost its power has lost the
 * agent's processes too, and the job is run again from wherever it was before.
 */
function durabilityOf(state: JobState): Durability {
  return (LEASED_STATES as readonly JobState[]).includes(state) || state === 'queued'
    ? 'soon durable'
    : 'durable';
}
