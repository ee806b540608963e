import { type Delivery, type Interruption, type JobHandler } from '../job-dispatcher.port.js';

interface Running {
  readonly abort: AbortController;
  over: Promise<void>;
}

/** So many may store their results at once, or as many as there are places: most of that is waiting for disks and databases. */
const LEAST_STORING = 8;

/** The jobs that are with the handler of one consumer, and the places that they take. */
export class RunningJobs {
  private readonly running = new Map<string, Running>();
  /** What still stores its result runs without a place. */
  private busy = 0;

  /** @param onFree is called when a place, or the room for a job without one, became free */
  constructor(
    private readonly concurrency: number,
    private readonly handler: JobHandler,
    private readonly onFree: () => void,
  ) {}

  get hasPlace(): boolean {
    const storing = Math.max(this.concurrency, LEAST_STORING);
    return this.busy < this.concurrency && this.running.size < this.concurrency + storing;
  }

  has(jobId: string): boolean {
    return this.running.has(jobId);
  }

  /**
   * Hands a job that is not with it yet to the handler. `decided` settles as the handler does; `over` resolves
   * when nothing of the job is left to do, and never rejects.
   */
  begin(jobId: string): { decided: Promise<void>; over: Promise<void> } {
    const running: Running = { abort: new AbortController(), over: Promise.resolve() };
    // Before it is handled: it may free its place at once, and what runs by then must be known.
    this.running.set(jobId, running);
    const freePlace = this.takePlace();
    const run = this.handler({ jobId, signal: running.abort.signal, freePlace } satisfies Delivery);
    const settled = run.then((begun) => begun?.ended).catch(() => undefined);
    running.over = settled.then(() => {
      this.running.delete(jobId);
      freePlace();
      this.onFree();
    });
    return { decided: run.then(() => undefined), over: running.over };
  }

  /** Resolves when nothing of the job is left to do here, at once where it is not here. */
  async whenOver(jobId: string): Promise<void> {
    await this.running.get(jobId)?.over;
  }

  interrupt(jobId: string, why: Interruption): void {
    this.running.get(jobId)?.abort.abort(why);
  }

  /** Lets them go on for `graceMs`, then interrupts them. Resolves when the last one is over. */
  async drain(graceMs: number): Promise<void> {
    const interrupt = setTimeout(() => {
      for (const jobId of this.running.keys()) this.interrupt(jobId, 'shutdown');
    }, graceMs);
    await Promise.all([...this.running.values()].map(({ over }) => over));
    clearTimeout(interrupt);
  }

  /** Gives the place back once, however often it is called. */
  private takePlace(): () => void {
    this.busy += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.busy -= 1;
      this.onFree();
    };
  }
}
