import { EntitySchema, type EntitySchemaColumnOptions, type ValueTransformer } from 'typeorm';
import { columnTypes, type Dialect } from '../database/dialect.js';
import { type JobLimits, type Usage } from '../execution/limits.port.js';
import { MAX_LABEL_SET_LENGTH } from '../kernel/agent-labels.js';
import { type LabelOutcome } from './job-label.outcome.js';
import { type JobState } from './job.states.js';
import { type JobOutput } from './job.types.js';

/** What an agent needs to know to run the job, beside the command. Never changes. */
export interface JobSpec {
  readonly binary?: string;
  readonly inputFiles?: readonly string[];
  readonly outputFiles?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: number;
  readonly retries?: number;
  readonly retryOnFailure?: boolean;
  /** In force: what the job asked for, and the defaults. */
  readonly limits?: JobLimits;
  /** Somebody is to be told of its end: the table of webhooks has whom. */
  readonly hasWebhook?: true;
  /** Where the trace of the request that it came with goes on (W3C Trace Context); absent: nobody recorded one. */
  readonly traceParent?: string;
  /** Its owner was an admin when it was accepted: no quota holds what it leaves. */
  readonly byAdmin?: true;
}

/** An attempt that came to nothing: the job went back to the queue. */
export interface PastAttempt {
  readonly attempt: number;
  readonly agent: string | null;
  readonly claimedAt: number | null;
  /** Null: its command was never started. */
  readonly startedAt: number | null;
  readonly endedAt: number;
  /** One sentence for a person; null: its agent gave it back, without blame. */
  readonly reason: string | null;
}

/** One row: one job, from acceptance to the end of its tombstone. Instants are milliseconds since the epoch. */
export interface JobRow {
  /** UUIDv7; its time is `createdAt`. */
  id: string;
  state: JobState;
  owner: string;
  name: string | null;
  command: string;
  spec: JobSpec;
  /** 1 where it names files that must be staged, else 0. */
  needsStaging: number;
  /** Labels that its agent must have, as one text; empty: any will do. */
  requires: string;
  labels: Record<string, string> | null;
  /** Seconds, in decimal digits: 64 bits unsigned fit no number of either database and of JavaScript. */
  ttl: string | null;
  /** Minus the priority: lower runs first. */
  queueRank: number;
  /** How often the job may still be put back after a fault. */
  retriesLeft: number;
  /** Those that came to nothing, oldest first. */
  pastAttempts: PastAttempt[] | null;
  /** How often it was claimed; fences late reports together with the lease. */
  attempt: number;
  leaseToken: string | null;
  /** An agent that gave no sign of life until then is lost. */
  leaseUntil: number | null;
  agent: string | null;
  /** A job that was put back waits until then. */
  notBefore: number | null;
  answerId: string | null;
  stderrId: string | null;
  outputs: JobOutput[] | null;
  /** Of the last attempt that ended. */
  usage: Usage | null;
  exitCode: number | null;
  signal: string | null;
  reason: string | null;
  createdAt: number;
  /** Of the attempt under way, or the last one. */
  claimedAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** Null where there is nothing left to expire. */
  expiresAt: number | null;
  /** When it was deleted or expired. */
  goneAt: number | null;
  /** When files that nobody's answer names are to be looked for and removed. */
  cleanupAt: number | null;
  /** Until then an upload may still arrive of an attempt that was taken from its agent. */
  lateFilesUntil: number | null;
}

/** Both databases may give a 64-bit number as text. */
export const asNumber: ValueTransformer = {
  to: (value: number | null | undefined) => value,
  from: (value: string | number | null) => (value === null ? null : Number(value)),
};

const asJson: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
  from: (value: string | null): unknown => (value === null ? null : JSON.parse(value)),
};

function jobColumns(dialect: Dialect): Record<keyof JobRow, EntitySchemaColumnOptions> {
  const { uuid, exact, exactAscii, longText, int, instant } = columnTypes(dialect);
  const optional = { nullable: true } as const;
  const instantOrNull = { ...instant, ...optional, transformer: asNumber };
  return {
    id: { ...uuid, primary: true },
    state: { ...exact(10) },
    owner: { ...exact(255) },
    name: { ...exact(255), ...optional },
    command: { ...longText },
    spec: { ...longText, transformer: asJson },
    needsStaging: { name: 'needs_staging', ...int },
    requires: { ...exactAscii(MAX_LABEL_SET_LENGTH) },
    labels: { ...longText, ...optional, transformer: asJson },
    ttl: { ...exact(20), ...optional },
    queueRank: { name: 'queue_rank', ...int },
    retriesLeft: { name: 'retries_left', ...int },
    pastAttempts: { name: 'past_attempts', ...longText, ...optional, transformer: asJson },
    attempt: { ...int },
    leaseToken: { name: 'lease_token', ...uuid, ...optional },
    leaseUntil: { name: 'lease_until', ...instantOrNull },
    agent: { ...exact(255), ...optional },
    notBefore: { name: 'not_before', ...instantOrNull },
    answerId: { name: 'answer_id', ...uuid, ...optional },
    stderrId: { name: 'stderr_id', ...uuid, ...optional },
    outputs: { ...longText, ...optional, transformer: asJson },
    usage: { ...longText, ...optional, transformer: asJson },
    exitCode: { name: 'exit_code', ...int, ...optional },
    signal: { ...exact(16), ...optional },
    reason: { ...longText, ...optional },
    createdAt: { name: 'created_at', ...instant, transformer: asNumber },
    claimedAt: { name: 'claimed_at', ...instantOrNull },
    startedAt: { name: 'started_at', ...instantOrNull },
    finishedAt: { name: 'finished_at', ...instantOrNull },
    expiresAt: { name: 'expires_at', ...instantOrNull },
    goneAt: { name: 'gone_at', ...instantOrNull },
    cleanupAt: { name: 'cleanup_at', ...instantOrNull },
    lateFilesUntil: { name: 'late_files_until', ...instantOrNull },
  };
}

/** Each query of the repository has its index; `test/integration/query-plans.spec.ts` proves it. */
const JOB_INDEXES = {
  job_dispatch: ['state', 'requires', 'queueRank', 'owner', 'id'],
  job_list_by_state: ['owner', 'state', 'id'],
  job_list: ['owner', 'goneAt', 'id'],
} as const satisfies Record<string, readonly (keyof JobRow)[]>;

/** Of instants that most jobs never have. On SQLite they hold only those that do. */
const DUE_INDEXES = {
  job_lease: 'leaseUntil',
  job_not_before: 'notBefore',
  job_expires: 'expiresAt',
  job_gone: 'goneAt',
  job_cleanup: 'cleanupAt',
} as const satisfies Record<string, keyof JobRow>;

/** What the two tables are made for. */
export interface SchemaTarget {
  readonly dialect: Dialect;
  /** Also before each index's name: SQLite keeps those of all tables in one space. */
  readonly tablePrefix: string;
}

/** The table of jobs. */
export function jobSchema({ dialect, tablePrefix }: SchemaTarget): EntitySchema<JobRow> {
  const columns = jobColumns(dialect);
  const indices = Object.entries(JOB_INDEXES).map(([name, properties]) => ({
    name: tablePrefix + name,
    columns: [...properties],
  }));
  const dueIndices = Object.entries(DUE_INDEXES).map(([name, property]) => ({
    name: tablePrefix + name,
    columns: [property],
    ...(dialect === 'sqlite' ? { where: `${columns[property].name ?? property} IS NOT NULL` } : {}),
  }));
  return new EntitySchema<JobRow>({
    name: 'Job',
    tableName: 'jobs',
    columns,
    indices: [...indices, ...dueIndices],
  });
}

/** A label of a job, `key=value`, for `list_jobs`. */
export interface JobLabelRow {
  owner: string;
  label: string;
  /** How the job ended; empty until it did. */
  outcome: LabelOutcome;
  jobId: string;
}

/** The table of labels. */
export function jobLabelSchema({ dialect, tablePrefix }: SchemaTarget): EntitySchema<JobLabelRow> {
  const { uuid, exact } = columnTypes(dialect);
  return new EntitySchema<JobLabelRow>({
    name: 'JobLabel',
    tableName: 'job_labels',
    columns: {
      owner: { ...exact(255), primary: true },
      label: { ...exact(200), primary: true },
      outcome: { ...exact(10), primary: true },
      jobId: { name: 'job_id', ...uuid, primary: true },
    },
    indices: [{ name: `${tablePrefix}job_label_job`, columns: ['jobId'] }],
  });
}
