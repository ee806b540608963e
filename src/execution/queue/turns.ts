import { type WaitingJob } from '../job-dispatcher.port.js';

/** A waiting job with its place in the order in which all are run: by rank, then by turn, then by age. */
export interface PlacedJob extends WaitingJob {
  /** The first jobs of all owners have one turn, their second ones the next. */
  readonly turn: number;
}

/** Where one of the placed jobs would stand. */
export type Place = Pick<PlacedJob, 'rank' | 'turn'>;

/** For sorting: what runs first comes first. */
export function inOrder(a: Place & Pick<WaitingJob, 'id'>, b: Place & Pick<WaitingJob, 'id'>): number {
  return a.rank - b.rank || a.turn - b.turn || (a.id < b.id ? -1 : 1);
}

/** Whether a place comes before another, whoever takes it. */
export function isBefore(a: Place, b: Place): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.turn < b.turn);
}

/**
 * Whose turn it is: an owner's next job comes one turn after his last, but never before the turn that was served last, in which
 * whoever comes anew has his first (start-time fair queueing, Goyal, Vin and Cheng 1996, with every job of one length).
 */
export class Turns {
  /** The last place of each owner at each rank. */
  private last = new Map<string, Place>();
  /** The last turn of each rank, of whomever. */
  private highest = new Map<number, number>();
  /** By rank; never goes back, though who comes anew then waits in that turn. */
  private served = new Map<number, number>();

  /** @param first the turn of the first that waits at the job's rank; undefined: none does */
  next(job: WaitingJob, first: number | undefined): number {
    return Math.max(this.servedAt(job.rank, first), (this.last.get(keyOf(job))?.turn ?? -1) + 1);
  }

  take(job: PlacedJob): void {
    const { rank, turn } = job;
    this.last.set(keyOf(job), { rank, turn });
    this.highest.set(rank, Math.max(turn, this.highest.get(rank) ?? 0));
  }

  /** @param left the last place of the owner of `job` at its rank that is still taken */
  giveBack(job: WaitingJob, left: Place | undefined): void {
    if (left === undefined) this.last.delete(keyOf(job));
    else this.last.set(keyOf(job), { rank: left.rank, turn: left.turn });
  }

  /**
   * Places jobs, from turn 0 on at each rank, and forgets all others. Whoever was served ahead of others stays it.
   *
   * @param before those that were placed until now, in their order
   */
  renew(jobs: readonly WaitingJob[], before: readonly PlacedJob[]): PlacedJob[] {
    this.rebase(before, new Set(jobs.map(({ rank }) => rank)));
    const byAge = [...jobs].sort((a, b) => (a.id < b.id ? -1 : 1));
    return byAge.map((job) => {
      const placed = { ...job, turn: this.next(job, 0) };
      this.take(placed);
      return placed;
    });
  }

  /** Remembers how far each owner was served beyond the turn that is being served, at the ranks at which somebody waits. */
  private rebase(before: readonly PlacedJob[], ranks: ReadonlySet<number>): void {
    const first = firstOf(before, ({ rank }) => rank);
    const waiting = firstOf(before, keyOf);
    const last = new Map<string, Place>();
    for (const [key, { rank, turn }] of this.last) {
      const next = waiting.get(key)?.turn ?? turn + 1;
      const ahead = next - 1 - this.servedAt(rank, first.get(rank)?.turn);
      if (ahead >= 0 && ranks.has(rank)) last.set(key, { rank, turn: ahead });
    }
    this.last = last;
    this.highest = new Map();
    this.served = new Map();
  }

  private servedAt(rank: number, first: number | undefined): number {
    const least = first === undefined ? (this.highest.get(rank) ?? 0) : first - 1;
    const served = Math.max(least, this.served.get(rank) ?? 0);
    this.served.set(rank, served);
    return served;
  }
}

function firstOf<Key>(jobs: readonly PlacedJob[], keyFor: (job: PlacedJob) => Key): Map<Key, PlacedJob> {
  const first = new Map<Key, PlacedJob>();
  for (const job of jobs) if (!first.has(keyFor(job))) first.set(keyFor(job), job);
  return first;
}

function keyOf({ rank, owner }: WaitingJob): string {
  return `${rank} ${owner}`;
}
