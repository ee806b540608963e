import { type StopToken } from './stop-token.js';

/** A job that may be run now. */
export interface WaitingJob {
  readonly id: string;
  /** Lower runs first. Of equals the owners take turns; of one owner's the lower id is first, which is the older job. */
  readonly rank: number;
  readonly owner: string;
  /** Only an agent that has all of these labels may run it. */
  readonly requires: readonly string[];
}

/** The first of all that wait. */
export interface FirstJobs {
  readonly jobs: readonly WaitingJob[];
  /** Whether nothing else may be run now. */
  readonly isAll: boolean;
}

/** Where a queue finds what waits beyond its own window: the database. */
export abstract class WaitingJobs {
  /**
   * The first jobs that an agent with `labels` may run now, at most `limit`, in any order: those of the lowest ranks, and
   * of the last rank for which there is room as many of each owner, the oldest of each.
   */
  abstract next(limit: number, labels: readonly string[]): Promise<FirstJobs>;
}

/** What a queue must know of those that it serves. */
export abstract class LiveAgents {
  /** The sets of labels that agents have that are alive, each once. */
  abstract labelSets(): Promise<readonly (readonly string[])[]>;
}

/**
 * Brings jobs to agents. Holds ids only, and a bounded number of them: what does not fit waits in the database.
 * Nothing depends on its memory: a queue that was lost whole is filled again from {@link WaitingJobs}.
 */
export abstract class JobDispatcher {
  /** Says that a job may be run now. Never fails: an id that was not taken is found in the database later. */
  abstract offer(job: WaitingJob): void;

  /**
   * Says that a job must not run any more: it is forgotten, or interrupted where it runs. Never fails: an agent
   * that can't be reached is told with its next sign of life.
   */
  abstract recall(jobId: string): void;

  /** Says that jobs may be run now that {@link WaitingJobs} left out when it was asked last. Never fails. */
  abstract lookAgain(): void;
}

/** Why a running job is interrupted: it must not run any more, or this process ends. */
export type Interruption = 'recalled' | 'shutdown';

/** What a command has left behind until its result is stored. */
export type Remains = 'files' | 'nothing';

/** One job on its way to an agent. */
export interface Delivery {
  readonly jobId: string;
  /** Aborts with an {@link Interruption} as its reason. */
  readonly stop: StopToken;
  /** Says that its command has ended: the next may start while the result of this one is being stored. */
  readonly freePlace: (remains: Remains) => void;
}

/** A job that an agent was granted, and runs. */
export interface Run {
  /** Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * What an agent does with a job. Resolves when it is decided whether it runs here, from when on the queue need not
 * remember the job: null where it does not. Rejects only where that could not be asked: the job is brought again.
 */
export type JobHandler = (delivery: Delivery) => Promise<Run | null>;

export interface Consumer {
  /**
   * Since when each recall has reached this process, in ms of `monotonicNow()`; null while none would. Whoever runs a
   * job must ask by itself whether it still may: while it is null, and once since then.
   */
  hearingSince(): number | null;

  /**
   * Takes nothing more, lets what runs go on for `graceMs`, then interrupts it with `shutdown`.
   * Resolves when the last run has ended.
   */
  drain(graceMs: number): Promise<void>;
}

/** Where an agent gets jobs from: the other end of a {@link JobDispatcher}, in this process or another. */
export abstract class JobFeed {
  /**
   * Hands jobs to `handler`, at most `concurrency` (1 or more) at once, and beside them as many more whose
   * place was freed already.
   */
  abstract consume(concurrency: number, handler: JobHandler): Consumer;
}
