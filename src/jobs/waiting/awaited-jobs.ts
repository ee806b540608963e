import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { LiveOutput } from '../../execution/live-output.port.js';
import { JobEnds } from './job-ends.js';

/** What somebody waits for: the end of a job, or the beginning of its command as well. */
export type Awaited = 'end' | 'begin or end';

/** One who waits for a job. */
export class Waiter {
  private isTold = false;
  private isOver = false;
  private wake: () => void = () => undefined;

  constructor(
    readonly jobId: string,
    readonly awaited: Awaited,
  ) {}

  /** What is waited for may have happened. */
  tell(): void {
    this.isTold = true;
    this.wake();
  }

  /** The wait is over, whatever has become of the job. */
  giveUp(): void {
    this.isOver = true;
    this.wake();
  }

  /** Resolves when there are {@link news}, which stay. Of several that ask, the last one is told. */
  async whenTold(): Promise<void> {
    if (this.isTold || this.isOver) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  /** Resolves with true when it is time to look at the job, with false when the wait is over. */
  async news(): Promise<boolean> {
    await this.whenTold();
    const isTold = this.isTold;
    this.isTold = false;
    return isTold && !this.isOver;
  }
}

/** Who waits in this server, and for which jobs. A wait costs memory and nothing else: nobody looks at a job before it has ended. */
@Injectable()
export class AwaitedJobs implements OnModuleDestroy {
  private readonly waiters = new Map<string, Set<Waiter>>();
  private isStopping = false;

  constructor(ends: JobEnds, output: LiveOutput) {
    ends.listen(({ jobId }) => {
      this.tell(jobId);
    });
    output.listen((jobId) => {
      this.waiters.get(jobId)?.forEach((waiter) => {
        if (waiter.awaited === 'begin or end') waiter.tell();
      });
    });
  }

  /** Whether this server stops, and nobody waits any more. */
  get isClosed(): boolean {
    return this.isStopping;
  }

  /** Ids of jobs, in lower case. */
  ids(): string[] {
    return [...this.waiters.keys()];
  }

  /** How many wait for a job. */
  countOf(jobId: string): number {
    return this.waiters.get(jobId)?.size ?? 0;
  }

  /** From now on nothing awaited of the job goes unheard. To be left in the end. */
  enter(jobId: string, awaited: Awaited = 'end'): Waiter {
    const waiter = new Waiter(jobId, awaited);
    const others = this.waiters.get(jobId);
    if (others === undefined) this.waiters.set(jobId, new Set([waiter]));
    else others.add(waiter);
    if (this.isStopping) waiter.giveUp();
    return waiter;
  }

  leave(waiter: Waiter): void {
    const all = this.waiters.get(waiter.jobId);
    all?.delete(waiter);
    if (all?.size === 0) this.waiters.delete(waiter.jobId);
  }

  /** The job may have ended. */
  tell(jobId: string): void {
    this.waiters.get(jobId)?.forEach((waiter) => {
      waiter.tell();
    });
  }

  /** Before jobs are let end: who waits for one should ask another server meanwhile. */
  onModuleDestroy(): void {
    this.isStopping = true;
    for (const waiters of this.waiters.values()) {
      for (const waiter of waiters) waiter.giveUp();
    }
  }
}
