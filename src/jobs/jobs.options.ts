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
}

export const JOBS_OPTIONS = Symbol('JobsOptions');
