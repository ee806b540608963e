import { type Database } from '../database/database.js';
import { labelSetText } from '../kernel/agent-labels.js';
import { type SchemaTarget } from './job.entity.js';
import {
  firstJobsStatement,
  type Lane,
  lanesStatement,
  ownersStatement,
  type RunnableJob,
  subsetsOf,
  type Turn,
  turnsStatement,
} from './job-queue.query.js';

/** Longer statements take MariaDB longer to read than to answer; SQLite answers short ones that it has read before. */
const TURNS_AT_ONCE = { mysql: 100, sqlite: 1 } as const;
/** Label sets of which it is remembered whose turn it was. */
const MOST_CURSORS = 1_000;

interface Wish {
  readonly limit: number;
  /** Of the agent, of which there are few: each doubles what is looked for. */
  readonly labels: readonly string[];
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The jobs that come first of all that wait: by rank, and of the last rank for which there is room as many of each user, the oldest
 * of each. So one user's many are no wall before another's few (`docs/decisions/0016-fair-share.md`).
 */
export class RunnableJobs {
  private readonly target: SchemaTarget;
  /** By label set: the last owner who had a turn, where there was none for all. */
  private readonly cursors = new Map<string, string>();

  constructor(private readonly database: Database) {
    const tablePrefix = database.source.options.entityPrefix ?? '';
    this.target = { dialect: database.dialect, tablePrefix };
  }

  /** What an agent with `labels` may run now, at most `limit`, and whether nothing else may. */
  async next(wish: Wish): Promise<{ jobs: RunnableJob[]; isAll: boolean }> {
    const { limit, labels, now } = wish;
    const sets = subsetsOf(labels);
    const first = await this.database.rows<RunnableJob>(
      firstJobsStatement(this.target, { sets, limit, now }),
    );
    const rank = first[limit - 1]?.queueRank;
    if (rank === undefined) return { jobs: first, isAll: true };
    const urgent = first.filter(({ queueRank }) => queueRank < rank);
    const lanes = await this.lanes(sets, rank);
    const shared = await this.share(lanes, { ...wish, limit: limit - urgent.length });
    return { jobs: [...urgent, ...shared], isAll: false };
  }

  private async lanes(sets: readonly string[], rank: number): Promise<Lane[]> {
    if (sets.length === 1) return sets.map((requires) => ({ requires, rank }));
    const rows = await this.database.rows<Pick<Lane, 'requires'>>(lanesStatement(this.target, sets, rank));
    return rows.map(({ requires }) => ({ requires, rank }));
  }

  /** As many of each owner, but of those who have fewer; the oldest of each. */
  private async share(lanes: readonly Lane[], { limit, labels, now }: Wish): Promise<RunnableJob[]> {
    const found = new Map<string, RunnableJob[]>();
    let open = await this.owners(lanes, limit, labelSetText(labels));
    for (let left = limit; left > 0 && open.length > 0;) {
      const each = Math.ceil(left / open.length);
      const turns = open.flatMap((owner) =>
        lanes.map((lane) => ({ ...lane, owner, after: found.get(owner)?.at(-1)?.id ?? '' })),
      );
      const more = oldestOfEach(await this.jobsOf(turns, { limit: each, now }), each);
      for (const [owner, jobs] of more) found.set(owner, [...(found.get(owner) ?? []), ...jobs]);
      open = open.filter((owner) => more.get(owner)?.length === each);
      left = limit - [...found.values()].reduce((sum, { length }) => sum + length, 0);
    }
    return inTurns([...found.values()]).slice(0, limit);
  }

  private async jobsOf(turns: readonly Turn[], wish: { limit: number; now: number }): Promise<RunnableJob[]> {
    const atOnce = TURNS_AT_ONCE[this.target.dialect];
    const jobs: RunnableJob[] = [];
    for (let start = 0; start < turns.length; start += atOnce) {
      const some = turns.slice(start, start + atOnce);
      jobs.push(...(await this.database.rows<RunnableJob>(turnsStatement(this.target, some, wish))));
    }
    return jobs;
  }

  /** Who has a turn: where there are more than `most`, others each time. */
  private async owners(lanes: readonly Lane[], most: number, key: string): Promise<string[]> {
    const after = this.cursors.get(key) ?? '';
    const owners = new Set(await this.ownersAfter(lanes, after, most + 1));
    if (after !== '' && owners.size <= most)
      for (const owner of await this.ownersAfter(lanes, '', most + 1)) owners.add(owner);
    const first = [...owners].slice(0, most);
    const last = first.at(-1);
    this.cursors.delete(key);
    if (owners.size > most && last !== undefined) this.remember(key, last);
    return first;
  }

  private remember(key: string, owner: string): void {
    if (this.cursors.size >= MOST_CURSORS) this.cursors.clear();
    this.cursors.set(key, owner);
  }

  private async ownersAfter(lanes: readonly Lane[], after: string, limit: number): Promise<string[]> {
    const owners = new Set<string>();
    for (const lane of lanes) {
      const statement = ownersStatement(this.target, lane, { after, limit });
      const rows = await this.database.rows<{ owner: string }>(statement);
      for (const { owner } of rows) owners.add(owner);
    }
    return [...owners].sort().slice(0, limit);
  }
}

/** Of several lanes, by age. */
function oldestOfEach(jobs: readonly RunnableJob[], most: number): Map<string, RunnableJob[]> {
  const byOwner = new Map<string, RunnableJob[]>();
  for (const job of jobs) {
    const others = byOwner.get(job.owner);
    if (others === undefined) byOwner.set(job.owner, [job]);
    else others.push(job);
  }
  for (const [owner, all] of byOwner)
    byOwner.set(owner, all.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, most));
  return byOwner;
}

/** The first of each, then the second of each, and so on. */
function inTurns(each: readonly RunnableJob[][]): RunnableJob[] {
  const longest = each.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: longest }, (_, turn) => each.flatMap((jobs) => jobs[turn] ?? [])).flat();
}
