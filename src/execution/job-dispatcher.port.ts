/** A job that may be run now. */
export interface WaitingJob {
  readonly id: string;
  /** Lower runs first; of equals the lower id, which is the older job. */
  readonly rank: number;
}

/** Where a queue finds what waits beyond its own window: the database. */
export abstract class WaitingJobs {
  /** The first `limit` jobs that may be run now, in their order. */
  abstract next(limit: number): Promise<readonly WaitingJob[]>;
}

/** Why a running job is interrupted: it must not run any more, or this process ends. */
export type Interruption = 'recalled' | 'shutdown';

/** One job on its way through an agent. */
export interface Delivery {
  readonly jobId: string;
  /** Aborts with an {@link Interruption} as its reason. */
  readonly signal: AbortSignal;
  /** Says that its command has ended: the next may start while the result of this one is being stored. */
  readonly freePlace: () => void;
}

/** What an agent does with a job. Rejects only where it could not be asked for leave: the job is brought again. */
export type JobHandler = (delivery: Delivery) => Promise<void>;

export interface Consumer {
  /**
   * Takes nothing more, lets what runs go on for `graceMs`, then interrupts it with `shutdown`.
   * Resolves when the last handler has returned.
   */
  drain(graceMs: number): Promise<void>;
}

/**
 * Brings jobs to agents. Holds ids only, and a bounded number of them: what does not fit waits in the database.
 * Nothing depends on its memory: a queue that was lost whole is filled again from {@link WaitingJobs}.
 */
export abstract class JobDispatcher {
  /** Says that a job may be run now. Never fails: an id that was not taken is found in the database later. */
  abstract offer(job: WaitingJob): void;

  /** Says that a job must not run any more: it is forgotten, or interrupted where it runs. */
  abstract recall(jobId: string): void;

  /**
   * Hands jobs to `handler`, at most `concurrency` (1 or more) at once, and beside them as many more whose
   * place was freed already.
   */
  abstract consume(concurrency: number, handler: JobHandler): Consumer;
}
