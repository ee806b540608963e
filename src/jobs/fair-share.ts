import { type Database } from '../database/database.js';
import { type SchemaTarget } from './job.entity.js';
import {
  type Lane,
  ownersStatement,
  type RunnableJob,
  type Turn,
  turnsStatement,
} from './job-queue.query.js';

/** Longer statements take MariaDB longer to read than to answer; SQLite answers short ones that it has read before. */
const TURNS_AT_ONCE = { mysql: 100, sqlite: 1 } as const;
/** Queues of which it is remembered whose turn it was. */
const MOST_CURSORS = 1_000;

export interface ShareWish {
  readonly limit: number;
  /** Ms since the epoch. */
  readonly now: number;
  /** Of whom the jobs are shared out: it remembers whose turn it was. */
  readonly queue: string;
  /** How many of an owner's jobs may be among them. */
  readonly mostOf: (owner: string) => number;
}

/** Jobs of one rank: as many of each owner, but of those who have fewer; the oldest of each. */
export class FairShare {
  /** By queue: the last owner who had a turn, where there was none for all. */
  private readonly cursors = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly target: SchemaTarget,
  ) {}

  /** @param lanes of one rank */
  async of(lanes: readonly Lane[], wish: ShareWish): Promise<RunnableJob[]> {
    const { limit, now, mostOf } = wish;
    const found = new Map<string, RunnableJob[]>();
    let open = await this.owners(lanes, wish);
    for (let left = limit; left > 0 && open.length > 0;) {
      const each = Math.ceil(left / open.length);
      const turns = open.flatMap((owner) =>
        lanes.map((lane) => ({ ...lane, owner, after: found.get(owner)?.at(-1)?.id ?? '' })),
      );
      const more = oldestOfEach(await this.jobsOf(turns, { limit: each, now }), each);
      for (const [owner, jobs] of more) {
        found.set(owner, [...(found.get(owner) ?? []), ...jobs].slice(0, mostOf(owner)));
      }
      open = open.filter(
        (owner) => more.get(owner)?.length === each && (found.get(owner)?.length ?? 0) < mostOf(owner),
      );
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

  /** Who has a turn: where there are more than there is room for, others each time. */
  private async owners(lanes: readonly Lane[], wish: ShareWish): Promise<string[]> {
    const after = this.cursors.get(wish.queue) ?? '';
    const owners = new Set(await this.ownersAfter(after, lanes, wish));
    if (after !== '' && owners.size <= wish.limit)
      for (const owner of await this.ownersAfter('', lanes, wish)) owners.add(owner);
    const first = [...owners].slice(0, wish.limit);
    const last = first.at(-1);
    this.cursors.delete(wish.queue);
    if (owners.size > wish.limit && last !== undefined) this.remember(wish.queue, last);
    return first;
  }

  private remember(queue: string, owner: string): void {
    if (this.cursors.size >= MOST_CURSORS) this.cursors.clear();
    this.cursors.set(queue, owner);
  }

  /** One more than there is room for, if there are so many that may have a job. */
  private async ownersAfter(
    start: string,
    lanes: readonly Lane[],
    { limit, mostOf }: ShareWish,
  ): Promise<string[]> {
    const owners: string[] = [];
    for (let after: string | undefined = start; after !== undefined && owners.length <= limit;) {
      const page = await this.pageOfOwners(lanes, after, limit + 1);
      owners.push(...page.filter((owner) => mostOf(owner) > 0));
      after = page.length > limit ? page.at(-1) : undefined;
    }
    return owners.slice(0, limit + 1);
  }

  private async pageOfOwners(lanes: readonly Lane[], after: string, limit: number): Promise<string[]> {
    const owners = new Set<string>();
    for (const lane of lanes) {
      const statement = ownersStatement(this.target, lane, { after, limit });
      const rows = await this.database.rows<{ owner: string }>(statement);
      for (const { owner } of rows) owners.add(owner);
    }
    return [...owners].sort(byBytes).slice(0, limit);
  }
}

/** As the databases compare them. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
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
