import { Logger } from '@nestjs/common';
import { type Redis } from 'ioredis';
import { messageOf } from '../../../kernel/errors.js';
import { type WaitingJob, type WaitingJobs } from '../../job-dispatcher.port.js';
import { inTime } from './connection.js';
import { type LabelQueue, LOCK_MS } from './label-queue.js';
import { SharedTurns } from './shared-turns.js';
import { HOLDS_ALL, WindowState } from './window-state.js';

/** Ids in Redis for one set of labels, while there are few sets; many share what four may have. */
export const WINDOW = 1_000;
const LARGEST_SHARE = 4 * WINDOW;
const LEAST_WINDOW = 50;
/** Of a window: so many more are left there, and so many urgent ones let in at once before the last are taken out. */
export const SLACK = 0.25;
/** Of a window: with fewer it is filled again. */
const LOW_WATER = 0.25;
/** What is offered faster than Redis takes it is found in the database. */
const MOST_OFFERS = 2 * WINDOW;
const TEND_AGAIN_MS = { busy: 100, idle: 1_000 };
/** So many queues are tended as often as that while they are busy; more, less often. */
const QUEUES_AT_FULL_SPEED = 8;

export interface SharedWindowOptions {
  /** Of the agents that it is for. */
  readonly labels: readonly string[];
  readonly waiting: WaitingJobs;
  /** How often it is asked what waits, though all seems known. */
  readonly doubtAfterMs: number;
  /** How many such windows there are in this Redis. */
  readonly windows: () => number;
}

/**
 * The first of all jobs that wait for agents with certain labels, in a queue that all servers fill. What does not fit
 * waits in the database. Redis itself says whether that is so, since any server may be the one to leave something
 * out, and since nobody else would notice that Redis has forgotten all.
 */
export class SharedWindow {
  private readonly logger = new Logger('JobQueue');
  private readonly state: WindowState;
  private readonly turns: SharedTurns;
  private offers: WaitingJob[] = [];
  private inDoubt = true;
  private filledAt = Number.NEGATIVE_INFINITY;
  private takenSince = new Map<string, number>();
  private mayHaveMore = true;
  private working: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private isFaulty = false;

  constructor(
    private readonly queue: LabelQueue,
    private readonly redis: Redis,
    readonly options: SharedWindowOptions,
  ) {
    this.state = new WindowState(redis, queue.keyOf('window'));
    this.turns = new SharedTurns(redis, queue);
    this.tendLater(0);
  }

  /** Of its queue. */
  get name(): string {
    return this.queue.name;
  }

  /** How many ids it is filled with. */
  private get capacity(): number {
    const share = Math.floor(LARGEST_SHARE / Math.max(1, this.options.windows()));
    return Math.min(WINDOW, Math.max(LEAST_WINDOW, share));
  }

  offer(job: WaitingJob): void {
    if (this.offers.length >= MOST_OFFERS || this.redis.status !== 'ready') {
      this.inDoubt = true;
      return;
    }
    this.offers.push(job);
    this.work();
  }

  /** Best effort: whoever gets the id all the same is told by the database that it is not to run. */
  withdraw(id: string): void {
    this.offers = this.offers.filter((job) => job.id !== id);
    if (this.redis.status === 'ready') this.queue.remove([id]).catch(() => undefined);
  }

  /** Looks at once whether something waits. */
  doubt(): void {
    this.inDoubt = true;
    this.work();
  }

  /** Resolves when Redis is not used any more, or does not answer. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await inTime(Promise.allSettled([this.working]));
    await inTime(Promise.allSettled([this.queue.close()]));
  }

  /** As {@link close}, and leaves nothing of it in Redis. */
  async erase(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.working;
    await this.state.forget();
    await this.turns.forget();
    await this.queue.erase();
    await this.queue.close();
  }

  private tendLater(ms: number): void {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      this.work();
    }, ms);
    this.timer.unref();
  }

  /** One turn at a time; what is offered during one is taken in the next. */
  private work(): void {
    if (this.working !== undefined || this.isClosed || this.redis.status !== 'ready') {
      this.tendLater(TEND_AGAIN_MS.idle);
      return;
    }
    this.working = this.turn().finally(() => {
      this.working = undefined;
      this.tendLater(this.pauseMs());
    });
  }

  private pauseMs(): number {
    if (this.offers.length > 0 || (this.inDoubt && !this.isFaulty)) return 0;
    if (!this.mayHaveMore) return TEND_AGAIN_MS.idle;
    return TEND_AGAIN_MS.busy * Math.max(1, this.options.windows() / QUEUES_AT_FULL_SPEED);
  }

  private async turn(): Promise<void> {
    try {
      const offers = this.offers.splice(0);
      if (offers.length > 0) await this.admit(offers);
      if (await this.needsFilling()) await this.fill();
      this.isFaulty = false;
    } catch (error) {
      this.inDoubt = true;
      this.mayHaveMore = false;
      if (!this.isFaulty) this.logger.warn(`the queue can't be filled, trying again: ${messageOf(error)}`);
      this.isFaulty = true;
    }
  }

  private async needsFilling(): Promise<boolean> {
    const known = await this.state.read();
    this.mayHaveMore = known !== HOLDS_ALL;
    const isOld = performance.now() - this.filledAt >= this.options.doubtAfterMs;
    if (this.inDoubt || known === null || isOld || (await this.isStuck())) return true;
    return known !== HOLDS_ALL && (await this.queue.size()) < LOW_WATER * this.capacity;
  }

  /** Whether an id is longer with an agent than it takes to decide who runs the job. */
  private async isStuck(): Promise<boolean> {
    const now = performance.now();
    const active = await this.queue.activeIds();
    this.takenSince = new Map(active.map((id) => [id, this.takenSince.get(id) ?? now]));
    return [...this.takenSince.values()].some((since) => now - since >= LOCK_MS);
  }

  /** Puts in what the database says comes first. */
  private async fill(): Promise<void> {
    this.inDoubt = false;
    const known = await this.state.read();
    // Before the database is asked: what it does not name then is not new, but comes later or is not to run.
    const present = await this.queue.ids();
    const { capacity } = this;
    const { jobs, isAll } = await this.options.waiting.next(capacity, this.options.labels);
    if (!isAll) await this.state.leavesOut();
    const first = new Set(jobs.map(({ id }) => id));
    // Of those that agents have taken it lets go only where the agent died over it.
    await this.queue.remove([...present.filter((id) => !first.has(id)), ...(await this.queue.activeIds())]);
    const there = new Set([...present, ...(await this.queue.activeIds())]);
    await this.queue.addAnew(jobs.filter(({ id }) => !there.has(id)));
    await this.turns.renew(jobs, isAll);
    if (isAll) await this.state.holdsAll(known);
    this.filledAt = performance.now();
  }

  private async admit(offers: readonly WaitingJob[]): Promise<void> {
    const known = await this.state.read();
    // Nobody has filled it yet, or Redis has lost it: the filling finds them all.
    if (known === null) {
      this.inDoubt = true;
      return;
    }
    const jobs = offers.toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
    const atOnce = Math.ceil(SLACK * this.capacity);
    for (let start = 0; start < jobs.length; start += atOnce) {
      await this.admitSome(jobs.slice(start, start + atOnce));
    }
  }

  /** What comes before something in the queue must not wait behind it; all else is left to the database. */
  private async admitSome(jobs: readonly WaitingJob[]): Promise<void> {
    const places = await this.turns.place(jobs);
    if (places.length < jobs.length) await this.leavesOut();
    await this.queue.add(places.map(({ job }) => job));
    await this.turns.keep(places);
    await this.trim();
  }

  private async trim(): Promise<void> {
    const { capacity } = this;
    const excess = (await this.queue.size()) - capacity;
    if (excess <= SLACK * capacity) return;
    await this.leavesOut();
    await this.queue.remove(await this.turns.leaveOut(excess));
  }

  /** Whoever finds at this moment that the queue holds all must not say so. */
  private async leavesOut(): Promise<void> {
    await this.state.leavesOut();
    this.mayHaveMore = true;
  }
}
