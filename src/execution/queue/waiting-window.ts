import { type FirstJobs, type WaitingJob } from '../job-dispatcher.port.js';
import { inOrder, isBefore, type Place, type PlacedJob, Turns } from './turns.js';

/** Before all others. */
const NOWHERE: Place = { rank: Number.NEGATIVE_INFINITY, turn: 0 };

/**
 * The first jobs of all that wait, in the order in which they are run: by rank, and the owners of one rank in turns. It
 * holds at most `capacity`; `complete` says whether that is all of them, or whether more lie in the database.
 */
export class WaitingWindow {
  private readonly turns = new Turns();
  private jobs: PlacedJob[] = [];
  private ids = new Set<string>();
  /** What comes here or later may come after something that was left to the database. Undefined: nothing was. */
  private edge: Place | undefined = NOWHERE;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.jobs.length;
  }

  get complete(): boolean {
    return this.edge === undefined;
  }

  /** Keeps a job if it belongs to the first; else it is left to the database. */
  add(job: WaitingJob): void {
    if (this.ids.has(job.id)) return;
    const { id, rank, owner, requires } = job;
    const placed = { id, rank, owner, requires, turn: this.turns.next(job, this.firstAt(rank)) };
    if (this.edge !== undefined && !isBefore(placed, this.edge)) return;
    this.turns.take(placed);
    this.jobs.splice(this.positionOf(placed), 0, placed);
    this.ids.add(job.id);
    this.trim();
  }

  /** Puts in what the database says comes first, and what was offered since it was asked. */
  fill({ jobs, isAll }: FirstJobs, offeredSince: readonly WaitingJob[]): void {
    this.jobs = this.turns.renew(jobs, this.jobs).sort(inOrder);
    this.ids = new Set(jobs.map(({ id }) => id));
    this.edge = isAll ? undefined : edgeOf(this.jobs);
    offeredSince.forEach((job) => {
      this.add(job);
    });
  }

  takeFirst(): WaitingJob | undefined {
    const job = this.jobs.shift();
    if (job !== undefined) this.ids.delete(job.id);
    return job;
  }

  remove(id: string): void {
    if (!this.ids.delete(id)) return;
    const removed = this.jobs.find((job) => job.id === id);
    this.jobs = this.jobs.filter((job) => job.id !== id);
    if (removed !== undefined) this.giveBack(removed);
  }

  /** Forgets that this is all; the next fill finds out. */
  doubt(): void {
    this.edge ??= this.jobs.at(-1) ?? NOWHERE;
  }

  private trim(): void {
    while (this.jobs.length > this.capacity) {
      const dropped = this.jobs.pop();
      if (dropped === undefined) return;
      this.ids.delete(dropped.id);
      if (this.edge === undefined || isBefore(dropped, this.edge)) this.edge = dropped;
    }
  }

  private giveBack(removed: PlacedJob): void {
    const isOfSame = ({ rank, owner }: PlacedJob): boolean =>
      rank === removed.rank && owner === removed.owner;
    this.turns.giveBack(removed, this.jobs.findLast(isOfSame));
  }

  /** The turn of the first that waits at a rank. */
  private firstAt(rank: number): number | undefined {
    const first = this.jobs[this.positionOf({ rank, turn: -1, id: '' })];
    return first?.rank === rank ? first.turn : undefined;
  }

  private positionOf(place: Place & Pick<WaitingJob, 'id'>): number {
    let low = 0;
    let high = this.jobs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.jobs[middle];
      if (at !== undefined && inOrder(at, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Before the next place of each owner of whom there may be more: of those who have most at the last rank, or one less. */
function edgeOf(inOrder: readonly PlacedJob[]): Place {
  const rank = inOrder.at(-1)?.rank;
  if (rank === undefined) return NOWHERE;
  const lasts = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const job of inOrder.filter((each) => each.rank === rank)) {
    lasts.set(job.owner, job.turn);
    counts.set(job.owner, (counts.get(job.owner) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  // With one of each there may be owners of whom there is none.
  if (most === 1) return { rank, turn: 0 };
  const full = [...lasts].filter(([owner]) => (counts.get(owner) ?? 0) >= most - 1);
  return { rank, turn: Math.min(...full.map(([, turn]) => turn + 1)) };
}
