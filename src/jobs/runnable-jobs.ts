import { type Database } from '../database/database.js';
import { labelSetText } from '../kernel/agent-labels.js';
import { FairShare } from './fair-share.js';
import { heldByOwnerStatement } from './held-jobs.query.js';
import { type SchemaTarget } from './job.entity.js';
import {
  firstJobsStatement,
  type Lane,
  lanesStatement,
  type RunnableJob,
  subsetsOf,
} from './job-queue.query.js';
import { type RepositoryOptions } from './jobs.repository.js';

interface Wish {
  readonly limit: number;
  /** Of the agent, of which there are few: each doubles what is looked for. */
  readonly labels: readonly string[];
  /** Ms since the epoch. */
  readonly now: number;
}

/** What may be run first, and whether nothing else may. */
interface FirstRunnable {
  readonly jobs: RunnableJob[];
  readonly isAll: boolean;
}

/**
 * The jobs that come first of all that wait: by rank, and of the last rank for which there is room as many of each owner, the oldest
 * of each. So one user's many are no wall before another's few (`docs/decisions/0016-fair-share.md`).
 */
export class RunnableJobs {
  private readonly target: SchemaTarget;
  private readonly shares: FairShare;

  constructor(
    private readonly database: Database,
    private readonly quota: RepositoryOptions = {},
  ) {
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
    this.shares = new FairShare(database, this.target);
  }

  /** What an agent with `labels` may run now, at most `limit`, and whether nothing else may. */
  next(wish: Wish): Promise<FirstRunnable> {
    const { maxRunningPerUser: most } = this.quota;
    return most === undefined ? this.first(wish) : this.firstWithin(most, wish);
  }

  private async first(wish: Wish): Promise<FirstRunnable> {
    const { limit, labels, now } = wish;
    const sets = subsetsOf(labels);
    const first = await this.database.rows<RunnableJob>(
      firstJobsStatement(this.target, { sets, limit, now }),
    );
    const rank = first[limit - 1]?.queueRank;
    if (rank === undefined) return { jobs: first, isAll: true };
    const urgent = first.filter(({ queueRank }) => queueRank < rank);
    const lanes = await this.lanes(sets, rank);
    const shared = await this.share(lanes, { ...wish, limit: limit - urgent.length }, () => limit);
    return { jobs: [...urgent, ...shared], isAll: false };
  }

  /** Of each owner no more than there are places for: rank by rank, since one owner's many may be first at each. */
  private async firstWithin(most: number, wish: Wish): Promise<FirstRunnable> {
    const sets = subsetsOf(wish.labels);
    const held = await this.heldByOwner();
    const jobs: RunnableJob[] = [];
    for (let rank = Number.MIN_SAFE_INTEGER; jobs.length < wish.limit; rank += 1) {
      const lanes = await this.lanes(sets, rank);
      if (lanes[0] === undefined) return { jobs, isAll: true };
      ({ rank } = lanes[0]);
      const room = { ...wish, limit: wish.limit - jobs.length };
      const shared = await this.share(lanes, room, (owner) => most - (held.get(owner) ?? 0));
      for (const { owner } of shared) held.set(owner, (held.get(owner) ?? 0) + 1);
      jobs.push(...shared);
    }
    return { jobs, isAll: false };
  }

  private share(
    lanes: readonly Lane[],
    { limit, labels, now }: Wish,
    mostOf: (owner: string) => number,
  ): Promise<RunnableJob[]> {
    return this.shares.of(lanes, { limit, now, queue: labelSetText(labels), mostOf });
  }

  /** Those of the first rank from `fromRank` on. */
  private async lanes(sets: readonly string[], fromRank: number): Promise<Lane[]> {
    const statement = lanesStatement(this.target, sets, fromRank);
    const rows = await this.database.rows<Pick<RunnableJob, 'requires' | 'queueRank'>>(statement);
    const rank = Math.min(...rows.map(({ queueRank }) => queueRank));
    return rows.filter(({ queueRank }) => queueRank === rank).map(({ requires }) => ({ requires, rank }));
  }

  private async heldByOwner(): Promise<Map<string, number>> {
    const rows = await this.database.rows<{ owner: string; held: number | string }>(
      heldByOwnerStatement(this.target),
    );
    return new Map(rows.map(({ owner, held }) => [owner, Number(held)]));
  }
}
