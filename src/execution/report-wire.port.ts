import { type AgentCard, type AttemptResult, type Lease, type StoredOutput } from './job-reports.port.js';

import {
  LIMIT_WORDS,
  limitNamesIn,
  type Usage,
  usageFromWire,
  usageToWire,
  type WireUsage,
} from './limits.port.js';

/**
 * What agents and servers say to each other, as JSON: `POST …/agent-reports/<method of JobReports>`, the arguments
 * as fields of the body, 200 with an object. What travels the other way is in `assignment-wire.port.ts`.
 */
export const REPORTS_PATH = 'agent-reports';
export const REPORT_METHODS = ['arrived', 'left', 'claim', 'started', 'renew', 'ended'] as const;
export type ReportMethod = (typeof REPORT_METHODS)[number];

/** Holds 1,000 outputs with the longest paths, of control characters only, which JSON writes six times as long. */
export const MAX_REPORT_BYTES = 33_554_432;
export const MAX_REPORTED_LEASES = 10_000;
/** Of UTF-8. */
export const MAX_REPORTED_PATH_BYTES = 4_096;
/** In UTF-16 units. */
export const MAX_REASON_LENGTH = 65_536;

export interface WireLease {
  readonly job_id: string;
  readonly attempt: number;
  readonly token: string;
}

export interface WireOutput {
  readonly path: string;
  readonly file_id: string;
  readonly size: number;
}

export type WireResult =
  | { readonly kind: 'returned' }
  | { readonly kind: 'fault'; readonly reason: string; readonly passing: boolean }
  | {
      readonly kind: 'ended';
      readonly succeeded: boolean;
      readonly exit_code: number | null;
      readonly signal: string | null;
      readonly reason: string | null;
      readonly repeatable: boolean;
      readonly answer_id: string;
      readonly stderr_id: string | null;
      readonly outputs: readonly WireOutput[];
      /** Absent: an earlier agent. */
      readonly usage?: WireUsage | null;
      /** Absent: an earlier agent. */
      readonly published_in_ms?: number | null;
    };

export interface WireAgent extends Omit<AgentCard, 'enforces'> {
  /** In the words of the API; absent: an earlier agent, which enforces nothing. */
  readonly enforces?: readonly string[];
}

/** The body of each request. */
export interface WireReports {
  readonly arrived: { readonly agent: WireAgent };
  readonly left: { readonly agent: WireAgent };
  readonly claim: { readonly job_id: string; readonly agent: string; readonly token: string };
  readonly started: { readonly lease: WireLease };
  readonly renew: { readonly agent: WireAgent; readonly leases: readonly WireLease[] };
  readonly ended: { readonly lease: WireLease; readonly result: WireResult };
}

/** The declared fields only, whatever else the object has. */
export function agentToWire({ name, labels, concurrency, generation, enforces }: AgentCard): WireAgent {
  return { name, labels, concurrency, generation, enforces: enforces.map((limit) => LIMIT_WORDS[limit]) };
}

export function agentFromWire({
  name,
  labels,
  concurrency,
  generation,
  enforces = [],
}: WireAgent): AgentCard {
  return { name, labels, concurrency, generation, enforces: limitNamesIn(enforces) };
}

export function leaseToWire({ jobId, attempt, token }: Lease): WireLease {
  return { job_id: jobId, attempt, token };
}

export function leaseFromWire({ job_id, attempt, token }: WireLease): Lease {
  return { jobId: job_id, attempt, token };
}

export function resultToWire(result: AttemptResult): WireResult {
  switch (result.kind) {
    case 'returned':
      return { kind: 'returned' };
    case 'fault':
      return { kind: 'fault', reason: withinLimit(result.reason), passing: result.passing };
    case 'ended':
      return {
        kind: 'ended',
        succeeded: result.succeeded,
        exit_code: result.exitCode,
        signal: result.signal,
        reason: result.reason === null ? null : withinLimit(result.reason),
        repeatable: result.repeatable,
        answer_id: result.answerId,
        stderr_id: result.stderrId,
        outputs: result.outputs.map(outputToWire),
        usage: result.usage === null ? null : usageToWire(result.usage),
        published_in_ms: result.publishedInMs,
      };
  }
}

export function resultFromWire(wire: WireResult): AttemptResult {
  switch (wire.kind) {
    case 'returned':
      return { kind: 'returned' };
    case 'fault':
      return { kind: 'fault', reason: wire.reason, passing: wire.passing };
    case 'ended':
      return {
        kind: 'ended',
        succeeded: wire.succeeded,
        exitCode: wire.exit_code,
        signal: wire.signal,
        reason: wire.reason,
        repeatable: wire.repeatable,
        answerId: wire.answer_id,
        stderrId: wire.stderr_id,
        outputs: wire.outputs.map(outputFromWire),
        usage: usageIn(wire.usage),
        publishedInMs: wire.published_in_ms ?? null,
      };
  }
}

function usageIn(wire: WireUsage | null | undefined): Usage | null {
  return wire === null || wire === undefined ? null : usageFromWire(wire);
}

function outputToWire({ path, fileId, size }: StoredOutput): WireOutput {
  return { path, file_id: fileId, size };
}

function outputFromWire({ path, file_id, size }: WireOutput): StoredOutput {
  return { path, fileId: file_id, size };
}

/** A job must not be lost because somebody explained too much. */
function withinLimit(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH);
}
