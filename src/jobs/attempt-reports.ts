import { Inject, Injectable } from '@nestjs/common';
import {
  type AgentCard,
  type Assignment,
  type AttemptResult,
  JobReports,
  type Lease,
  type Renewal,
} from '../execution/job-reports.port.js';
import { Clock } from '../kernel/clock.js';
import { createdAtOf } from '../kernel/ids.js';
import { noteSpan } from '../tracing/spans.js';
import { contextAt } from '../tracing/trace-parent.js';
import { AgentPresence } from './agents/agent-presence.js';
import { Groups } from './agents/groups.js';
import { AttemptResults } from './attempt-results.js';
import { type ClaimedJob } from './job-claims.js';
import { type JobRow } from './job.entity.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Signs of life that are answered together, and leases that one statement extends: some 80 bytes each. */
const RENEWALS_AT_ONCE = 500;
const LEASES_AT_ONCE = 1_000;

/** An attempt that was granted, by this claim or the same one before it. */
type Grant = Pick<JobRow, 'attempt' | 'owner' | 'command' | 'spec' | 'expiresAt' | 'leaseUntil'> & {
  readonly running: boolean;
};

/** Answers agents from the database: it grants each attempt once, and believes only who holds the lease. */
@Injectable()
export class AttemptReports extends JobReports {
  private readonly renewals = new Groups(
    (asked: readonly (readonly Lease[])[]) => this.renewAll(asked),
    RENEWALS_AT_ONCE,
  );

  constructor(
    private readonly jobs: JobsRepository,
    private readonly results: AttemptResults,
    private readonly presence: AgentPresence,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    super();
  }

  arrived(agent: AgentCard): Promise<void> {
    return this.presence.arrived(agent);
  }

  left(agent: AgentCard): Promise<void> {
    return this.presence.left(agent);
  }

  async claim(jobId: string, agent: string, token: string): Promise<Assignment | null> {
    const until = this.leaseEnd();
    const claimed = await this.jobs.claim(jobId, { token, until, agent }, this.clock.now());
    const granted = claimed === null ? await this.grantedBefore(jobId, token) : grantOf(claimed, until);
    if (granted === null) return null;
    this.presence.leaseEndsAt(until);
    if (claimed !== null) this.noteWait(jobId, claimed);
    return assignmentOf({ jobId, attempt: granted.attempt, token }, granted, this.clock.now());
  }

  async started(lease: Lease): Promise<boolean> {
    if (await this.jobs.start(lease, this.clock.now())) return true;
    const row = await this.jobs.find(lease.jobId);
    return row?.leaseToken === lease.token && row.state === 'running';
  }

  async renew(agent: AgentCard, leases: readonly Lease[]): Promise<Renewal> {
    const [, held] = await Promise.all([
      this.presence.saw(agent),
      leases.length === 0 ? [] : this.renewals.ask(leases),
    ]);
    return { held, leaseMs: this.leaseMs };
  }

  ended(lease: Lease, result: AttemptResult): Promise<boolean> {
    return this.results.record(lease, result);
  }

  /** Of what was put back nobody knows since when it waits. */
  private noteWait(jobId: string, { attempt, spec }: ClaimedJob): void {
    if (attempt > 1 || spec.traceParent === undefined) return;
    const time = { from: createdAtOf(jobId), to: this.clock.now() };
    noteSpan('wait for an agent', time, { parent: contextAt(spec.traceParent) });
  }

  /** A repeated claim is granted once and answered twice. */
  private async grantedBefore(jobId: string, token: string): Promise<Grant | null> {
    const row = await this.jobs.find(jobId);
    if (row?.leaseToken !== token) return null;
    return { ...row, running: row.state === 'running' };
  }

  private get leaseMs(): number {
    return this.options.agentLostSeconds * 1_000;
  }

  private leaseEnd(): number {
    return this.clock.now() + this.leaseMs;
  }

  /** Of several agents at once: ids of the jobs that each holds still. */
  private async renewAll(asked: readonly (readonly Lease[])[]): Promise<string[][]> {
    const all = asked.flat();
    const held = new Set<Lease>();
    for (let start = 0; start < all.length; start += LEASES_AT_ONCE) {
      const some = all.slice(start, start + LEASES_AT_ONCE);
      for (const lease of await this.jobs.renew(some, this.leaseEnd())) held.add(lease);
    }
    return asked.map((leases) => leases.filter((lease) => held.has(lease)).map(({ jobId }) => jobId));
  }
}

function grantOf(
  { attempt, owner, command, spec, expiresAt, needsStaging }: ClaimedJob,
  leaseUntil: number,
): Grant {
  return { attempt, owner, command, spec, expiresAt, leaseUntil, running: needsStaging === 0 };
}

function assignmentOf(lease: Lease, grant: Grant, now: number): Assignment {
  const { owner, command, spec, expiresAt, leaseUntil, running } = grant;
  return {
    lease,
    leaseMs: (leaseUntil ?? now) - now,
    expiresInMs: expiresAt === null ? null : expiresAt - now,
    owner,
    byAdmin: spec.byAdmin === true,
    command,
    binary: spec.binary ?? null,
    inputFiles: spec.inputFiles ?? [],
    outputFiles: spec.outputFiles ?? [],
    env: spec.env ?? {},
    running,
    timeoutSeconds: spec.timeout ?? null,
    limits: spec.limits ?? {},
    traceParent: spec.traceParent ?? null,
  };
}
