import { type Assignment, type Renewal } from './job-reports.port.js';
import { limitsFromWire, limitsToWire, type WireLimits } from './limits.port.js';
import { leaseFromWire, leaseToWire, type WireLease } from './report-wire.port.js';

export interface WireAssignment {
  readonly lease: WireLease;
  readonly lease_ms: number;
  readonly expires_in_ms: number | null;
  readonly owner: string;
  /** Absent where it is false, and from older servers. */
  readonly by_admin?: true;
  readonly command: string;
  readonly running: boolean;
  readonly binary: string | null;
  readonly input_files: readonly string[];
  readonly output_files: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeout_seconds: number | null;
  readonly limits: WireLimits;
  /** Absent where nobody records a trace, and from older servers. */
  readonly trace_parent?: string;
}

export interface WireRenewal {
  readonly held: readonly string[];
  readonly lease_ms: number;
}

/** The answer to each request. */
export interface WireAnswers {
  readonly arrived: object;
  readonly left: object;
  readonly claim: { readonly assignment: WireAssignment | null };
  readonly started: { readonly granted: boolean };
  readonly renew: WireRenewal;
  readonly ended: { readonly counts: boolean };
}

export function assignmentToWire(assignment: Assignment): WireAssignment {
  return {
    lease: leaseToWire(assignment.lease),
    lease_ms: assignment.leaseMs,
    expires_in_ms: assignment.expiresInMs,
    owner: assignment.owner,
    ...(assignment.byAdmin && { by_admin: true }),
    command: assignment.command,
    running: assignment.running,
    binary: assignment.binary,
    input_files: assignment.inputFiles,
    output_files: assignment.outputFiles,
    env: assignment.env,
    timeout_seconds: assignment.timeoutSeconds,
    limits: limitsToWire(assignment.limits),
    ...(assignment.traceParent !== null && { trace_parent: assignment.traceParent }),
  };
}

/** @param delayMs between the call of the port, from which it counts, and the request that was answered */
export function assignmentFromWire(wire: WireAssignment, delayMs: number): Assignment {
  return {
    lease: leaseFromWire(wire.lease),
    leaseMs: wire.lease_ms + delayMs,
    expiresInMs: wire.expires_in_ms === null ? null : wire.expires_in_ms + delayMs,
    owner: wire.owner,
    byAdmin: wire.by_admin === true,
    command: wire.command,
    running: wire.running,
    binary: wire.binary,
    inputFiles: wire.input_files,
    outputFiles: wire.output_files,
    env: wire.env,
    timeoutSeconds: wire.timeout_seconds,
    limits: limitsFromWire(wire.limits),
    traceParent: wire.trace_parent ?? null,
  };
}

export function renewalToWire({ held, leaseMs }: Renewal): WireRenewal {
  return { held, lease_ms: leaseMs };
}

/** @param delayMs as for {@link assignmentFromWire} */
export function renewalFromWire({ held, lease_ms }: WireRenewal, delayMs: number): Renewal {
  return { held, leaseMs: lease_ms + delayMs };
}
