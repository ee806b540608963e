import { labelsIn } from '../kernel/agent-labels.js';
import { type JobRow } from './job.entity.js';
import { isVisible } from './job.states.js';
import { type JobView } from './job.types.js';

const MILLISECONDS_IN_DAY = 86_400_000;

/** Whether nothing but a memory of it is left: from the exact moment of its expiry, whoever removes it later. */
export function isGone(row: JobRow, now: number): boolean {
  return !isVisible(row.state) || (row.expiresAt !== null && row.expiresAt <= now);
}

/** Whether even the memory has faded. */
export function isForgotten(row: JobRow, now: number, tombstoneDays: number): boolean {
  return row.goneAt !== null && row.goneAt + tombstoneDays * MILLISECONDS_IN_DAY <= now;
}

/** Why a job is gone, for its owner. */
export function goneMessage(row: JobRow): string {
  return `Job ${row.id} ${row.state === 'deleted' ? 'was deleted' : 'has expired'}.`;
}

/** A row as `job_info` tells it. Throws a `TypeError` on a job that is gone. */
export function viewOf(row: JobRow): JobView {
  if (!isVisible(row.state)) throw new TypeError(`job ${row.id} is ${row.state}`);
  return {
    id: row.id,
    state: row.state,
    answerId: row.answerId,
    stderrId: row.stderrId,
    outputs: row.outputs ?? [],
    name: row.name,
    labels: row.labels ?? {},
    owner: row.owner,
    command: row.command,
    requires: labelsIn(row.requires),
    ttl: row.ttl === null ? null : BigInt(row.ttl),
    exitCode: row.exitCode,
    signal: row.signal,
    reason: row.reason,
    limits: row.spec.limits ?? null,
    usage: row.usage,
    webhook: null,
    attempt: row.attempt,
    agent: row.agent,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    expiresAt: row.expiresAt,
  };
}
