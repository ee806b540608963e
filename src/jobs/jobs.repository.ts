import { In, IsNull, LessThanOrEqual, type Repository } from 'typeorm';
import { type Database } from '../database/database.js';
import { type Durability, type Statement } from '../database/engine.js';
import { reachingDatabase } from '../database/failure.js';
import { Table } from '../database/table.js';
import { outcomeOf } from './job-label.outcome.js';
import { insertLabelsStatement, outcomeInLabelsStatement } from './job-label.statements.js';
import { type LabelReach, labelReachStatement, labelText } from './job-label.query.js';
import { jobListStatement } from './job-list.query.js';
import { type JobListing } from './job-page.query.js';
import { heldOfStatement } from './held-jobs.query.js';
import { type RequestKey, takeKeyStatement } from './idempotency/request-key.query.js';
import { expiringBy } from './expiry/kept-jobs.js';
import { JobChanges } from './job-changes.port.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';
import { type ClaimedJob, JobClaims, type LeaseWish } from './job-claims.js';
import { oldTombstonesStatement } from './recovery/tombstone.query.js';
import { GONE_STATES, isLeased, type JobState, LEASED_STATES } from './job.states.js';
import { type JobsOptions } from './jobs.options.js';
import { type EndTraits, KnownTraits } from './end-traits.js';
import { awaitEndStatement, forgetWebhooksStatement, oweStatement } from './webhooks/webhook.query.js';
import { FORGOTTEN, lateFilesOfHeld, mayBecome, stateIn, TOMBSTONE } from './job.tombstone.js';

/** Proof that one agent holds one attempt of a job. */
export interface LeaseKey {
  readonly jobId: string;
  readonly attempt: number;
  readonly token: string;
  /** Ms since the epoch: only if it has ended by then, and was not extended meanwhile. */
  readonly endedBy?: number;
}

/** What is stored together with a job. */
export interface InsertedWith {
  /** A key that is taken with it. */
  readonly under?: RequestKey | undefined;
  /** URL that is to be told of its end. */
  readonly webhook?: string | undefined;
}

/** As many of one owner's jobs may be with agents at once, and so long finished ones are kept. */
export type RepositoryOptions = Pick<JobsOptions, 'maxRunningPerUser' | 'retentionMs'>;

/** What must hold beside the state, with `?` for its parameters. */
type Guard = Statement;

/** Columns that hold the time at which something is to be done for a job. */
const DUE_COLUMNS = {
  expiresAt: 'expires_at',
  leaseUntil: 'lease_until',
  notBefore: 'not_before',
  cleanupAt: 'cleanup_at',
  goneAt: 'gone_at',
} as const;
export type DueColumn = keyof typeof DUE_COLUMNS;

const NOT_BEGUN: Partial<JobRow> = { claimedAt: null, startedAt: null, agent: null };
/** Assignments. */
const RELEASED: Statement = { sql: 'lease_token = NULL, lease_until = NULL', parameters: [] };

/**
 * The jobs in the database. Every change of state is one UPDATE whose WHERE names the states it may start
 * from; `false` says that somebody else was first. Throws `DomainError('unavailable')` while the database is away.
 */
export class JobsRepository {
  private readonly jobs: Repository<JobRow>;
  private readonly table: Table<JobRow>;
  private readonly target: SchemaTarget;
  private readonly claims: JobClaims;
  private readonly traits = new KnownTraits((id) => this.lookForTraits(id));

  constructor(
    private readonly database: Database,
    private readonly options: RepositoryOptions = {},
    private readonly changes = new JobChanges(),
  ) {
    this.jobs = database.source.getRepository<JobRow>('Job');
    this.table = new Table<JobRow>(database, 'Job');
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
    this.claims = new JobClaims(database, this.table, { ...options, target: this.target });
  }

  /** False: another job has the key, and nothing was done. */
  async insert(row: JobRow, { under, webhook }: InsertedWith = {}): Promise<boolean> {
    const insert = this.table.insert(row);
    const statements = [insert];
    if (under !== undefined) statements.unshift(takeKeyStatement(this.target, under, row.id));
    const labels = Object.entries(row.labels ?? {}).map(([key, value]) => labelText(key, value));
    if (labels.length > 0) statements.push(insertLabelsStatement(this.target, row, labels));
    if (webhook !== undefined) statements.push(awaitEndStatement(this.target, row.id, webhook));
    const isInserted = (await this.database.atomically(statements, 'durable')) > 0;
    if (!isInserted) return false;
    this.claims.remember(row, insert);
    this.changes.tellAccepted();
    return true;
  }

  async find(id: string): Promise<JobRow | null> {
    const sql = `SELECT * FROM ${this.table.name} WHERE id = ?`;
    const [raw] = await this.database.rows<Record<string, unknown>>({ sql, parameters: [id] });
    if (raw === undefined) return null;
    const row = this.table.read(raw);
    if (isLeased(row.state)) this.traits.remember(id, traitsOf(row));
    return row;
  }

  /** Rejects with `unavailable` while the database is away. */
  ping(): Promise<void> {
    return this.database.ping();
  }

  /** Ids of a page and one more. */
  async list(listing: JobListing): Promise<string[]> {
    const reach = labelReachStatement(this.target, listing);
    const reaches = reach === undefined ? [] : await this.database.rows<LabelReach>(reach);
    return this.database.ids(jobListStatement(this.target, listing, reaches));
  }

  /** @param owner whose; absent: of all */
  countWaiting(owner?: string): Promise<number> {
    const theirs = owner === undefined ? {} : { owner };
    return reachingDatabase(() => this.jobs.countBy({ state: 'queued', ...theirs }));
  }

  /** How many of an owner's jobs agents hold. */
  async countHeld(owner: string): Promise<number> {
    const [row] = await this.database.rows<{ held: number | string }>(heldOfStatement(this.target, owner));
    return Number(row?.held ?? 0);
  }

  /** queued → staging, or running where there is nothing to stage, under a new attempt and lease; null: not granted by this call. */
  async claim(id: string, lease: LeaseWish, now: number): Promise<ClaimedJob | null> {
    const claimed = await this.claims.claim(id, lease, now);
    if (claimed === null) return null;
    this.traits.remember(id, traitsOf(claimed));
    const { attempt, needsStaging } = claimed;
    this.changes.tellGranted({ jobId: id, attempt, runs: needsStaging === 0 });
    return claimed;
  }

  /** staging → running. */
  start(lease: LeaseKey, now: number): Promise<boolean> {
    return this.changeHeld(lease, 'running', { startedAt: now }, notExpired(now));
  }

  /** running → succeeded or failed, staging → failed, with all that is to be told of it. */
  async finish(
    lease: LeaseKey,
    state: 'succeeded' | 'failed',
    changes: Partial<JobRow> & { finishedAt: number },
    publishedInMs: number | null = null,
  ): Promise<boolean> {
    const now = changes.finishedAt;
    const first = [RELEASED, ...this.retained(now)];
    const isKept = await this.changeHeld(lease, state, changes, notExpired(now), first);
    if (isKept && publishedInMs !== null) this.changes.tellPublished(publishedInMs);
    return isKept;
  }

  /** Back to queued; the next claim is a new attempt. */
  putBack(lease: LeaseKey, changes: Partial<JobRow>): Promise<boolean> {
    return this.changeHeld(lease, 'queued', { ...changes, ...NOT_BEGUN }, undefined, [RELEASED]);
  }

  /** Final from the moment it resolves with true. The lease's end is kept: until then its agent may still store files. */
  cancel(id: string, now: number, reason: string): Promise<boolean> {
    const changes = { finishedAt: now, leaseToken: null, notBefore: null, cleanupAt: now, reason };
    return this.change(id, 'cancelled', changes, notExpired(now), [
      lateFilesOfHeld(now),
      ...this.retained(now),
    ]);
  }

  /** Leaves a tombstone. What it names of files stays until {@link forget}. */
  bury(id: string, now: number): Promise<boolean> {
    const changes = { ...TOMBSTONE, goneAt: now, cleanupAt: now };
    return this.change(id, 'deleted', changes, notExpired(now), [lateFilesOfHeld(now)]);
  }

  /** Extends the leases that are still held, and shortens none: another sign of life may have come later and been heard sooner. Resolves with those of them. */
  async renew<Held extends LeaseKey>(leases: readonly Held[], until: number): Promise<Held[]> {
    const marks = leases.map(() => '?').join(', ');
    const where = `id IN (${marks}) AND lease_token IN (${marks}) AND ${stateIn(LEASED_STATES)}`;
    // In one order: two servers that extend some of the same don't get in each other's way.
    const ids = leases.map(({ jobId }) => jobId).sort();
    const held = [...ids, ...leases.map(({ token }) => token)];
    await this.database.change(
      {
        sql: `UPDATE ${this.table.name} SET lease_until = ? WHERE ${where} AND lease_until < ?`,
        parameters: [until, ...held, until],
      },
      'soon durable',
    );
    const rows = await this.database.rows<{ id: string; token: string }>({
      sql: `SELECT id, lease_token AS token FROM ${this.table.name} WHERE ${where}`,
      parameters: held,
    });
    // Who held a job before may ask together with who holds it now.
    const tokens = new Map(rows.map(({ id, token }) => [id, token]));
    return leases.filter(({ jobId, token }) => tokens.get(jobId) === token);
  }

  /** A tombstone keeps its id, its owner and why it is gone; nothing else is left of the job. */
  async forget(id: string): Promise<void> {
    const assignments = this.table.assignments(FORGOTTEN);
    const row = {
      sql: `UPDATE ${this.table.name} SET ${assignments.sql} WHERE id = ? AND ${stateIn(GONE_STATES)}`,
      parameters: [...assignments.parameters, id],
    };
    const labels = {
      sql: `DELETE FROM ${this.target.tablePrefix}job_labels WHERE job_id = ?`,
      parameters: [id],
    };
    const webhooks = forgetWebhooksStatement(this.target, [id]);
    await this.database.atomically([row, labels, webhooks], 'soon durable');
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
    const held = column === 'leaseUntil' ? `AND ${stateIn(LEASED_STATES)}` : '';
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
    const old = await this.database.rows<{ id: string }>(
      oldTombstonesStatement(this.target, goneBefore, limit),
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

  /** How long a job is kept that has ended at `now`, where that is limited. */
  private retained(now: number): Statement[] {
    const { retentionMs } = this.options;
    return retentionMs === undefined ? [] : [expiringBy(now + retentionMs)];
  }

  private changeHeld(
    lease: LeaseKey,
    to: JobState,
    changes: Partial<JobRow>,
    guard?: Guard,
    first: readonly Statement[] = [],
  ): Promise<boolean> {
    const parameters: unknown[] = [lease.attempt, lease.token];
    let sql = 'attempt = ? AND lease_token = ?';
    if (lease.endedBy !== undefined) {
      sql += ' AND lease_until <= ?';
      parameters.push(lease.endedBy);
    }
    if (guard !== undefined) {
      sql += ` AND ${guard.sql}`;
      parameters.push(...guard.parameters);
    }
    return this.change(lease.jobId, to, changes, { sql, parameters }, first);
  }

  /** @param first assignments that look at what the row was: MySQL makes them one after the other */
  private async change(
    id: string,
    to: JobState,
    changes: Partial<JobRow>,
    guard: Guard,
    first: readonly Statement[] = [],
  ): Promise<boolean> {
    const assigned = this.table.assignments(changes);
    const before = first.map(({ sql }) => `${sql}, `).join('');
    const statement = {
      sql: `UPDATE ${this.table.byId} SET ${before}${assigned.sql}, state = '${to}'
        WHERE id = ? AND ${mayBecome(to)} AND ${guard.sql}`,
      parameters: [
        ...first.flatMap(({ parameters }) => parameters),
        ...assigned.parameters,
        id,
        ...guard.parameters,
      ],
    };
    const statements = [statement, ...(await this.besideEnd(id, to, changes.finishedAt ?? 0))];
    const isChanged = (await this.database.atomically(statements, durabilityOf(to))) > 0;
    if (isChanged) this.changes.tell([id], to);
    return isChanged;
  }

  /** These change nothing where the change of state before them did not. */
  private async besideEnd(id: string, state: JobState, now: number): Promise<Statement[]> {
    if (outcomeOf(state) === '') return [];
    const { hasLabels, hasWebhook } = await this.traits.of(id);
    return [
      ...(hasLabels ? [outcomeInLabelsStatement(this.target, id, state)] : []),
      ...(hasWebhook ? [oweStatement(this.target, id, { state, now })] : []),
    ];
  }

  private async lookForTraits(id: string): Promise<EndTraits> {
    const row = await this.find(id);
    return row === null ? { hasLabels: false, hasWebhook: false } : traitsOf(row);
  }
}

function traitsOf({ labels, spec }: Pick<JobRow, 'labels' | 'spec'>): EndTraits {
  return { hasLabels: labels !== null, hasWebhook: spec.hasWebhook === true };
}

function notExpired(now: number): Guard {
  return { sql: '(expires_at IS NULL OR expires_at > ?)', parameters: [now] };
}

/**
 * What was answered for must last. What an agent holds need not: a machine that lost its power has lost the
 * agent's processes too, and the job is run again from wherever it was before.
 */
function durabilityOf(state: JobState): Durability {
  return isLeased(state) || state === 'queued' ? 'soon durable' : 'durable';
}
