import { In, IsNull, LessThanOrEqual, type Repository } from 'typeorm';
import { type QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { type Database, type Statement } from '../database/database.js';
import { reachingDatabase } from '../database/failure.js';
import { type JobListing, jobListStatement, labelText } from './job-list.query.js';
import { type JobRow } from './job.entity.js';
import { type JobState, LEASED_STATES, sourcesOf } from './job.states.js';

/** Proof that one agent holds one attempt of a job. */
export interface LeaseKey {
  readonly jobId: string;
  readonly attempt: number;
  readonly token: string;
}

interface Guard {
  readonly sql: string;
  readonly values?: Readonly<Record<string, unknown>>;
}

type Changes = Partial<JobRow>;

/** Columns that hold the time at which something is to be done for a job. */
const DUE_COLUMNS = {
  expiresAt: 'expires_at',
  leaseUntil: 'lease_until',
  notBefore: 'not_before',
  cleanupAt: 'cleanup_at',
} as const;
export type DueColumn = keyof typeof DUE_COLUMNS;

const NOT_EXPIRED = '(expires_at IS NULL OR expires_at > :now)';
const HELD_BY_NOBODY: Changes = { leaseToken: null, leaseUntil: null };

/**
 * The jobs in the database. Every change of state is one UPDATE whose WHERE names the states it may start
 * from; `false` says that somebody else was first. Throws `DomainError('unavailable')` while the database is away.
 */
export class JobsRepository {
  private readonly jobs: Repository<JobRow>;
  private readonly tablePrefix: string;

  constructor(private readonly database: Database) {
    this.jobs = database.source.getRepository<JobRow>('Job');
    this.tablePrefix = database.source.options.entityPrefix ?? '';
  }

  async insert(row: JobRow): Promise<void> {
    const insert = this.jobs
      .createQueryBuilder()
      .insert()
      .values(row as QueryDeepPartialEntity<JobRow>)
      .updateEntity(false);
    const labels = Object.entries(row.labels ?? {});
    if (labels.length === 0) {
      await reachingDatabase(() => insert.execute());
      return;
    }
    const [sql, parameters] = insert.getQueryAndParameters();
    const texts = labels.map(([key, value]) => labelText(key, value));
    await this.database.atomically([{ sql, parameters }, this.insertLabels(row, texts)]);
  }

  find(id: string): Promise<JobRow | null> {
    return reachingDatabase(() => this.jobs.findOneBy({ id }));
  }

  /** Ids of a page and one more. */
  async list(listing: JobListing): Promise<string[]> {
    const target = { dialect: this.database.dialect, tablePrefix: this.tablePrefix };
    const rows = await this.database.rows<{ id: string }>(jobListStatement(target, listing));
    return rows.map(({ id }) => id);
  }

  /** What may be run now, in the order in which it is to be run. */
  async nextWaiting(limit: number, now: number): Promise<Pick<JobRow, 'id' | 'queueRank'>[]> {
    return this.database.rows({
      sql: `SELECT id, queue_rank AS queueRank FROM ${this.tablePrefix}jobs
        WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ?)
        ORDER BY queue_rank, id LIMIT ${String(limit)}`,
      parameters: [now],
    });
  }

  countWaiting(): Promise<number> {
    return reachingDatabase(() => this.jobs.countBy({ state: 'queued' }));
  }

  /** queued → staging, under a new attempt and lease. */
  claim(id: string, lease: { token: string; until: number; agent: string }, now: number): Promise<boolean> {
    const changes = { leaseToken: lease.token, leaseUntil: lease.until, agent: lease.agent, notBefore: null };
    return this.change(
      id,
      'staging',
      { ...changes, attempt: () => 'attempt + 1' },
      {
        sql: `${NOT_EXPIRED} AND (not_before IS NULL OR not_before <= :now)`,
        values: { now },
      },
    );
  }

  /** staging → running. */
  start(lease: LeaseKey, now: number): Promise<boolean> {
    return this.changeHeld(lease, 'running', { startedAt: now }, { sql: NOT_EXPIRED, values: { now } });
  }

  /** running → succeeded or failed, staging → failed, with all that is to be told of it. */
  finish(lease: LeaseKey, state: 'succeeded' | 'failed', changes: Changes): Promise<boolean> {
    const guard = { sql: NOT_EXPIRED, values: { now: changes.finishedAt } };
    return this.changeHeld(lease, state, { ...changes, ...HELD_BY_NOBODY }, guard);
  }

  /** Back to queued; the next claim is a new attempt. */
  putBack(lease: LeaseKey, changes: Changes): Promise<boolean> {
    return this.changeHeld(lease, 'queued', { ...changes, startedAt: null, agent: null, ...HELD_BY_NOBODY });
  }

  /** Final from the moment it resolves with true. The lease's end is kept: until then its agent may still store files. */
  cancel(id: string, now: number, reason: string): Promise<boolean> {
    const changes = { finishedAt: now, leaseToken: null, notBefore: null, cleanupAt: now, reason };
    return this.change(id, 'cancelled', changes, { sql: NOT_EXPIRED, values: { now } });
  }

  /** Leaves a tombstone. What it names of files stays until {@link forget}. */
  bury(id: string, as: 'deleted' | 'expired', now: number): Promise<boolean> {
    const changes = { goneAt: now, cleanupAt: now, leaseToken: null, expiresAt: null, notBefore: null };
    const due = as === 'expired' ? 'expires_at <= :now' : NOT_EXPIRED;
    return this.change(id, as, changes, { sql: due, values: { now } });
  }

  /** Extends the leases that are still held; resolves with the ids of those jobs. */
  async renew(leases: readonly LeaseKey[], until: number): Promise<string[]> {
    const held = {
      ids: leases.map(({ jobId }) => jobId),
      tokens: leases.map(({ token }) => token),
      states: LEASED_STATES,
    };
    const where = 'id IN (:...ids) AND lease_token IN (:...tokens) AND state IN (:...states)';
    await reachingDatabase(() =>
      this.jobs.createQueryBuilder().update().set({ leaseUntil: until }).where(where, held).execute(),
    );
    const rows = await reachingDatabase(() =>
      this.jobs.createQueryBuilder('j').select('j.id', 'id').where(where, held).getRawMany<{ id: string }>(),
    );
    return rows.map(({ id }) => id);
  }

  /** A tombstone keeps its id, its owner and why it is gone; nothing else is left of the job. */
  async forget(id: string): Promise<void> {
    const nothing: Changes = {
      name: null,
      command: '',
      spec: {},
      labels: null,
      ttl: null,
      leaseUntil: null,
      agent: null,
    };
    const noResult: Changes = {
      answerId: null,
      stderrId: null,
      outputs: null,
      exitCode: null,
      signal: null,
      reason: null,
    };
    const update = this.jobs.createQueryBuilder().update();
    const changes = { ...nothing, ...noResult, startedAt: null, finishedAt: null, cleanupAt: null };
    const [sql, parameters] = update
      .set(changes as QueryDeepPartialEntity<JobRow>)
      .where("id = :id AND state IN ('deleted', 'expired')", { id })
      .getQueryAndParameters();
    const labels = { sql: `DELETE FROM ${this.tablePrefix}job_labels WHERE job_id = ?`, parameters: [id] };
    await this.database.atomically([{ sql, parameters }, labels]);
  }

  /**
   * Notes that a clean-up of what `seen` says was done; nothing happens where the job has changed since,
   * for then it is owed anew.
   */
  async cleanedUp(seen: JobRow, changes: { cleanupAt?: number; leaseUntil?: null }): Promise<void> {
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
      sql: `SELECT ${name} AS at FROM ${this.tablePrefix}jobs WHERE ${name} IS NOT NULL ${held} ORDER BY ${name} LIMIT 1`,
      parameters: [],
    });
    return rows[0] === undefined ? null : Number(rows[0].at);
  }

  /** Makes a job that waited out its delay runnable. */
  async endDelay(id: string): Promise<void> {
    await reachingDatabase(() => this.jobs.update({ id, state: 'queued' }, { notBefore: null }));
  }

  /** Forgets tombstones older than `goneBefore`; resolves with how many, at most `limit`. */
  async prune(goneBefore: number, limit: number): Promise<number> {
    const old = await reachingDatabase(() =>
      this.jobs.find({
        select: { id: true },
        where: { goneAt: LessThanOrEqual(goneBefore) },
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

  private changeHeld(lease: LeaseKey, to: JobState, changes: Changes, guard?: Guard): Promise<boolean> {
    return this.change(lease.jobId, to, changes, {
      sql: `attempt = :attempt AND lease_token = :token${guard === undefined ? '' : ` AND ${guard.sql}`}`,
      values: { ...guard?.values, attempt: lease.attempt, token: lease.token },
    });
  }

  private async change(
    id: string,
    to: JobState,
    changes: Omit<Changes, 'attempt'> & { attempt?: number | (() => string) },
    guard: Guard,
  ): Promise<boolean> {
    const update = this.jobs
      .createQueryBuilder()
      .update()
      .set({ ...changes, state: to } as QueryDeepPartialEntity<JobRow>)
      .where('id = :id AND state IN (:...sources)', { id, sources: sourcesOf(to) })
      .andWhere(guard.sql, guard.values);
    const result = await reachingDatabase(() => update.execute());
    return result.affected === 1;
  }

  private insertLabels(row: JobRow, labels: readonly string[]): Statement {
    return {
      sql: `INSERT INTO ${this.tablePrefix}job_labels (owner, label, job_id) VALUES ${labels.map(() => '(?, ?, ?)').join(', ')}`,
      parameters: labels.flatMap((label) => [row.owner, label, row.id]),
    };
  }
}
