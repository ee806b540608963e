import { type JobLimits, type Usage } from '../execution/limits.port.js';

/** The states that a caller sees, in the order in which a job meets them. */
export const VISIBLE_STATES = ['queued', 'staging', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type VisibleState = (typeof VISIBLE_STATES)[number];

/** The largest time to live: an unsigned 64-bit number of seconds. */
export const MAX_TTL = 18_446_744_073_709_551_615n;

/** Linux's limit for one argument of a program (MAX_ARG_STRLEN) less its closing NUL, in bytes. */
export const MAX_COMMAND_BYTES = 131_071;
export const MAX_INPUT_FILES = 1_000;
export const MAX_OUTPUT_GLOBS = 100;
/** Higher runs first. */
export const PRIORITY_RANGE = { min: -1_000, max: 1_000, default: 0 } as const;
/** Attempts beyond the first. */
export const RETRIES_RANGE = { min: 0, max: 1_000, default: 25 } as const;
/** Seconds; the longest timeout is about a century. */
export const TIMEOUT_RANGE = { min: 1, max: 3_155_760_000 } as const;
/** What a job may ask for, unless a setting allows less. */
export const LIMIT_RANGES = {
  cpuSeconds: { min: 1, max: 3_155_760_000 },
  memoryBytes: { min: 4_194_304, max: 1_125_899_906_842_624 },
  pids: { min: 1, max: 1_000_000 },
  diskBytes: { min: 4_096, max: 1_125_899_906_842_624 },
} as const;

/** A validated wish to run a job; what is absent was not asked for. */
export interface RunRequest {
  readonly command: string;
  readonly binary?: string;
  readonly inputFiles?: readonly string[];
  /** Seconds, 0 … {@link MAX_TTL}. */
  readonly ttl?: bigint;
  readonly outputFiles?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Seconds of run time. */
  readonly timeout?: number;
  readonly retries?: number;
  readonly retryOnFailure?: boolean;
  readonly priority?: number;
  /** Labels that the agent must have, at most 8. */
  readonly requires?: readonly string[];
  readonly limits?: JobLimits;
  /** URL that is told of its end. */
  readonly webhook?: string;
}

/** How a wish is to be taken, beside what it asks for. */
export interface RunOptions {
  /** The same request under the same key is one job: whoever repeats it is told the first one's id. */
  readonly idempotencyKey?: string;
}

/** A file that a job produced, by its path in the working directory. */
export interface JobOutput {
  readonly path: string;
  readonly fileId: string;
  /** Bytes. */
  readonly size: number;
}

/** How somebody was told of the end of a job, or will be. */
export interface WebhookView {
  readonly url: string;
  readonly state: 'waiting' | 'pending' | 'delivered' | 'failed';
  readonly tries: number;
  /** HTTP status of the last answer. */
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  /** Milliseconds since the epoch, here and below. */
  readonly nextTryAt: number | null;
  readonly deliveredAt: number | null;
}

/** What `job_info` tells. */
export interface JobView {
  readonly id: string;
  readonly state: VisibleState;
  readonly answerId: string | null;
  readonly stderrId: string | null;
  readonly outputs: readonly JobOutput[];
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly command: string;
  /** Labels that its agent must have, sorted. */
  readonly requires: readonly string[];
  readonly ttl: bigint | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it failed, or why it waits; one sentence for a person. */
  readonly reason: string | null;
  /** In force; null: none. */
  readonly limits: JobLimits | null;
  /** Of the last attempt; null while it has not ended. */
  readonly usage: Usage | null;
  /** Who is told of its end, and how that went; null: nobody. */
  readonly webhook: WebhookView | null;
  readonly attempt: number;
  readonly agent: string | null;
  /** Milliseconds since the epoch, here and below. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** Null where the job never expires, or later than a `Date` can say. */
  readonly expiresAt: number | null;
}

/** Which jobs to list. All that is given must hold; of several states one suffices. */
export interface JobFilter {
  readonly states?: readonly VisibleState[];
  readonly user?: string;
  /** Each must be present on the job with that value. */
  readonly labels?: readonly { readonly key: string; readonly value: string }[];
  /** Milliseconds since the epoch; jobs created strictly after. */
  readonly createdAfter?: number;
  /** Milliseconds since the epoch; jobs created strictly before. */
  readonly createdBefore?: number;
  /** 1 … 1000. */
  readonly limit: number;
  /** As {@link JobPage.nextPageToken} gave it. */
  readonly pageToken?: string;
}

/** One page of a listing, newest first. */
export interface JobPage {
  readonly ids: readonly string[];
  /** Null on the last page. */
  readonly nextPageToken: string | null;
}
