import { type LimitName } from '../execution/limits.port.js';

/** How much jobs get that ask for nothing, and at the most. */
export interface Allowance {
  readonly usual?: number;
  readonly most?: number;
}

/** How others are told of the ends of jobs. */
export interface WebhookOptions {
  /** `whsec_` and base64; undefined: nothing is signed. */
  readonly secret?: string;
  /** Whether they may be in private networks, or on this machine. */
  readonly allowPrivate: boolean;
  /** Ms before the second try; doubled before each further one. */
  readonly retryMs: number;
}

/** What the job module must be told. */
export interface JobsOptions {
  /** Seconds, for jobs that name no time to live; undefined: they never expire. */
  readonly defaultTtl?: bigint;
  /** As many may wait; beyond it no job is accepted. */
  readonly maxQueuedJobs: number;
  /** As many of one owner's may wait; beyond it none of his is accepted. Undefined: any number. */
  readonly maxWaitingPerUser?: number;
  /** As many of one owner's may be with agents at once; others of his wait. Undefined: any number. */
  readonly maxRunningPerUser?: number;
  /** Ms for which a job is kept that has ended, unless its time to live is over before. Undefined: for ever. */
  readonly retentionMs?: number;
  /** An agent without a sign of life for so many seconds is lost. */
  readonly agentLostSeconds: number;
  /** So many days a deleted or expired job is remembered. */
  readonly tombstoneDays: number;
  /** So many hours it is remembered which job was started under which `Idempotency-Key`. */
  readonly idempotencyHours: number;
  /** Whether other processes share the work: servers on the same database, and agents that claim and report. */
  readonly isShared: boolean;
  /** Whether the built-in data manager has the files: it stores under the ids that it is asked to, and no others. */
  readonly keepsFiles: boolean;
  /** What an agent of another process has to show with each report; undefined: nothing. */
  readonly agentToken?: string;
  readonly webhooks: WebhookOptions;
  /** Of `openFiles`, which jobs don't choose, only the most. Undefined: whatever they ask for. */
  readonly allowances?: Readonly<Partial<Record<Exclude<LimitName, 'network'> | 'timeout', Allowance>>>;
}

export const JOBS_OPTIONS = Symbol('JobsOptions');
