import { limitsToWire, usageToWire, type WireLimits, type WireUsage } from '../../execution/limits.port.js';
import { type JobView } from '../job.types.js';

/** What `job_info` answers, in the words of the wire. */
export interface JobInfo {
  readonly state: string;
  readonly answer_id: string | null;
  readonly job_id: string;
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly command: string;
  readonly requires: readonly string[];
  /** Decimal. */
  readonly ttl: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  readonly stderr_id: string | null;
  readonly outputs: readonly { readonly path: string; readonly file_id: string; readonly size: number }[];
  /** In force; null: none. */
  readonly limits: WireLimits | null;
  readonly usage: WireUsage | null;
  readonly webhook: {
    readonly url: string;
    readonly state: string;
    readonly tries: number;
    readonly last_status: number | null;
    readonly last_error: string | null;
    /** ISO 8601, UTC, here and below. */
    readonly next_try_at: string | null;
    readonly delivered_at: string | null;
  } | null;
  readonly attempt: number;
  readonly agent: string | null;
  /** ISO 8601, UTC, here and below. */
  readonly created_at: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly expires_at: string | null;
}

export function jobInfoOf(job: JobView): JobInfo {
  return {
    state: job.state,
    answer_id: job.answerId,
    job_id: job.id,
    name: job.name,
    labels: job.labels,
    owner: job.owner,
    command: job.command,
    requires: job.requires,
    ttl: job.ttl?.toString() ?? null,
    exit_code: job.exitCode,
    signal: job.signal,
    reason: job.reason,
    stderr_id: job.stderrId,
    outputs: job.outputs.map(({ path, fileId, size }) => ({ path, file_id: fileId, size })),
    limits: job.limits === null ? null : limitsToWire(job.limits),
    usage: job.usage === null ? null : usageToWire(job.usage),
    webhook: webhookOf(job),
    attempt: job.attempt,
    agent: job.agent,
    created_at: isoOf(job.createdAt),
    started_at: isoOf(job.startedAt),
    finished_at: isoOf(job.finishedAt),
    expires_at: isoOf(job.expiresAt),
  };
}

function webhookOf({ webhook }: JobView): JobInfo['webhook'] {
  if (webhook === null) return null;
  const { url, state, tries, lastStatus, lastError, nextTryAt, deliveredAt } = webhook;
  return {
    url,
    state,
    tries,
    last_status: lastStatus,
    last_error: lastError,
    next_try_at: isoOf(nextTryAt),
    delivered_at: isoOf(deliveredAt),
  };
}

const LAST_DATE = 8_640_000_000_000_000;

function isoOf(milliseconds: number | null): string | null {
  return milliseconds === null || milliseconds > LAST_DATE ? null : new Date(milliseconds).toISOString();
}
