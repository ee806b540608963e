import { type Delivery, type Interruption, type JobHandler, type Remains } from '../job-dispatcher.port.js';
import { StopToken } from '../stop-token.js';

interface Running {
  readonly stop: StopToken;
  over: Promise<void>;
}

/**
 * So many that left no files may store their results at once, or as many as there are places: that is mostly waiting for disks
 * and databases.
 */
const LEAST_STORING = 8;

/** What one job takes of its consumer. */
interface Place {
  readonly free: (remains: Remains) => void;
  readonly end: () => void;
}

/** The jobs that are with the handler of one consumer, and the places that they take. */
export class RunningJobs {
  private readonly running = new Map<string, Running>();
  /** Whose commands run; what still stores its result has no place. */
  private busy = 0;
  /** Which take up disk until their results are stored. */
  private storingFiles = 0;

  /** @param onFree is called when a place, or the room for a job without one, became free */
  constructor(
    private readonly concurrency: number,
    private readonly handler: JobHandler,
    private readonly onFree: () => void,
  ) {}

  get hasPlace(): boolean {
    const { busy, storingFiles, concurrency } = this;
    if (busy >= concurrency || busy + storingFiles >= 2 * concurrency) return false;
    return this.running.size < concurrency + Math.max(concurrency, LEAST_STORING);
  }

  has(jobId: string): boolean {
    return this.running.has(jobId);
  }

  /**
   * Hands a job that is not with it yet to the handler. `decided` settles as the handler does; `over` resolves
   * when nothing of the job is left to do, and never rejects.
   */
  begin(jobId: string): { decided: Promise<void>; over: Promise<void> } {
    const running: Running = { stop: new StopToken(), over: Promise.resolve() };
    // Before it is handled: it may free its place at once, and what runs by then must be known.
    this.running.set(jobId, running);
    const place = this.takePlace();
    const delivery: Delivery = { jobId, stop: running.stop, freePlace: place.free };
    const run = this.handler(delivery);
    const settled = run.then((begun) => begun?.ended).catch(() => undefined);
    running.over = settled.then(() => {
      this.running.delete(jobId);
      place.end();
    });
    return { decided: run.then(() => undefined), over: running.over };
  }

  /** Resolves when nothing of the job is left to do here, at once where it is not here. */
  async whenOver(jobId: string): Promise<void> {
    await this.running.get(jobId)?.over;
  }

  interrupt(jobId: string, why: Interruption): void {
    this.running.get(jobId)?.stop.abort(why);
  }

  /** Lets them go on for `graceMs`, then interrupts them. Resolves when the last one is over. */
  async drain(graceMs: number): Promise<void> {
    const interrupt = setTimeout(() => {
      for (const jobId of this.running.keys()) this.interrupt(jobId, 'shutdown');
    }, graceMs);
    await Promise.all([...this.running.values()].map(({ over }) => over));
    clearTimeout(interrupt);
  }

  private takePlace(): Place {
    let counted: 'busy' | 'storingFiles' | undefined = 'busy';
    this.busy += 1;
    const countAs = (next: typeof counted): void => {
      if (counted !== undefined) this[counted] -= 1;
      counted = next;
      if (counted !== undefined) this[counted] += 1;
      this.onFree();
    };
    return {
      free: (remains) => {
        if (counted === 'busy') countAs(remains === 'files' ? 'storingFiles' : undefined);
      },
      end: () => {
        countAs(undefined);
      },
    };
  }
}
