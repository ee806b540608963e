import { type Database } from '../database/database.js';
import { type Statement } from '../database/engine.js';
import { type SomeColumns, type Table } from '../database/table.js';
import { fewerHeldThan } from './held-jobs.query.js';
import { type JobRow, type SchemaTarget } from './job.entity.js';
import { mayBecome } from './job.tombstone.js';

/** What never changes of a job while it lives, and its agent needs to know. */
const BRIEF = [
  'owner',
  'command',
  'spec',
  'needsStaging',
  'expiresAt',
  'labels',
] as const satisfies (keyof JobRow)[];
type JobBrief = Pick<JobRow, (typeof BRIEF)[number]>;

/** Enough for what waits for a moment; whoever is forgotten is looked up. Twice as many are at most some 20 MB. */
const GENERATION = 2_500;
const MOST_CHARACTERS = 2_000;

/** What an UPDATE asks for its owner's sake, and of which rows others ask it. */
type Quota = Statement & { readonly lock?: string };

/** An attempt of a job that was granted. */
export type ClaimedJob = JobBrief & { readonly attempt: number };

/** Who asks for an attempt, and for how long, in ms since the epoch. */
export interface LeaseWish {
  readonly token: string;
  readonly until: number;
  readonly agent: string;
}

/**
 * Grants attempts. The UPDATE alone decides, and counts the attempt. What else an agent needs is remembered of jobs that
 * were accepted here lately, so that their rows need not be read (`docs/decisions/0013-claims.md`).
 */
export class JobClaims {
  /** Two generations: to forget the oldest of one by one, a Map would walk over all that it has forgotten. */
  private accepted = new Map<string, JobBrief>();
  private acceptedBefore = new Map<string, JobBrief>();
  private readonly brief: SomeColumns<JobBrief>;

  constructor(
    private readonly database: Database,
    private readonly table: Table<JobRow>,
    private readonly quota: { readonly target: SchemaTarget; readonly maxRunningPerUser?: number },
  ) {
    this.brief = table.some(BRIEF);
  }

  /** @param insert by which it was accepted */
  remember(row: JobRow, insert: Statement): void {
    // All else is short.
    const size = insert.parameters.reduce<number>(
      (sum, value) => sum + (typeof value === 'string' ? value.length : 0),
      0,
    );
    if (size > MOST_CHARACTERS) return;
    const { owner, command, spec, needsStaging, expiresAt, labels } = row;
    this.accepted.set(row.id, { owner, command, spec, needsStaging, expiresAt, labels });
    if (this.accepted.size < GENERATION) return;
    this.acceptedBefore = this.accepted;
    this.accepted = new Map();
  }

  /** queued → staging, or running where there is nothing to stage, under a new attempt and lease; null: not granted by this call. */
  async claim(id: string, lease: LeaseWish, now: number): Promise<ClaimedJob | null> {
    const known = this.recall(id);
    const within = await this.withinQuota(id, known);
    if (within === null) return null;
    const attempt = await this.nextAttempt(id, lease, now, within);
    if (attempt === null) return null;
    const brief = known ?? (await this.look(id, lease.token));
    if (brief === null) return null;
    const { owner, command, spec, needsStaging, expiresAt, labels } = brief;
    return { owner, command, spec, needsStaging, expiresAt, labels, attempt };
  }

  private recall(id: string): JobBrief | undefined {
    const known = this.accepted.get(id) ?? this.acceptedBefore.get(id);
    this.accepted.delete(id);
    this.acceptedBefore.delete(id);
    return known;
  }

  /** What must hold for its owner's sake; null: there is no such job. */
  private async withinQuota(id: string, known: JobBrief | undefined): Promise<Quota | null> {
    const { maxRunningPerUser: most, target } = this.quota;
    if (most === undefined) return { sql: '', parameters: [] };
    const owner = known?.owner ?? (await this.ownerOf(id));
    if (owner === undefined) return null;
    const fewer = fewerHeldThan(most, target, owner);
    return { ...fewer, sql: `AND ${fewer.sql}`, lock: owner };
  }

  private async ownerOf(id: string): Promise<string | undefined> {
    const sql = `SELECT owner FROM ${this.table.name} WHERE id = ?`;
    const [row] = await this.database.rows<{ owner: string }>({ sql, parameters: [id] });
    return row?.owner;
  }

  private nextAttempt(id: string, lease: LeaseWish, now: number, within: Quota): Promise<number | null> {
    const { token, until, agent } = lease;
    const changes = { leaseToken: token, leaseUntil: until, agent, notBefore: null, claimedAt: now };
    const assignments = this.table.assignments(changes);
    const update = {
      sql: `UPDATE ${this.table.byId} SET ${assignments.sql}, ${this.database.countingUp('attempt')},
        state = CASE needs_staging WHEN 0 THEN 'running' ELSE 'staging' END,
        started_at = CASE needs_staging WHEN 0 THEN ? ELSE NULL END
        WHERE id = ? AND ${mayBecome('staging')} AND (not_before IS NULL OR not_before <= ?)
          AND (expires_at IS NULL OR expires_at > ?) ${within.sql}`,
      parameters: [...assignments.parameters, now, id, now, now, ...within.parameters],
    };
    return this.database.countUp({ update, column: 'attempt', lock: within.lock }, 'soon durable');
  }

  /** Null: it was taken away again. */
  private async look(id: string, token: string): Promise<JobBrief | null> {
    const sql = `SELECT ${this.brief.names} FROM ${this.table.name} WHERE id = ? AND lease_token = ?`;
    const [raw] = await this.database.rows<Record<string, unknown>>({ sql, parameters: [id, token] });
    return raw === undefined ? null : this.brief.read(raw);
  }
}
