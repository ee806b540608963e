/** What the job module must be told. */
export interface JobsOptions {
  /** Seconds, for jobs that name no time to live; undefined: they never expire. */
  readonly defaultTtl?: bigint;
  /** As many may wait; beyond it no job is accepted. */
  readonly maxQueuedJobs: number;
  /** An agent without a sign of life for so many seconds is lost. */
  readonly agentLostSeconds: number;
  /** So many days a deleted or expired job is remembered. */
  readonly tombstoneDays: number;
  /** Whether other processes share the work: servers on the same database, and agents that claim and report. */
  readonly isShared: boolean;
  /** Whether the built-in data manager has the files: it stores under the ids that it is asked to, and no others. */
  readonly keepsFiles: boolean;
  /** What an agent of another process has to show with each report; undefined: nothing. */
  readonly agentToken?: string;
}

export const JOBS_OPTIONS = Symbol('JobsOptions');
