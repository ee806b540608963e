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
import { AgentPresence } from './agents/agent-presence.js';
import { AttemptResults } from './attempt-results.js';
import { type JobRow } from './job.entity.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

/** Answers agents from the database: it grants each attempt once, and believes only who holds the lease. */
@Injectable()
export class AttemptReports extends JobReports {
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
    await this.jobs.claim(jobId, { token, until, agent }, this.clock.now());
    // Read back whether or not this very call changed the row: a repeated claim is granted once and answered twice.
    const row = await this.jobs.find(jobId);
    if (row?.leaseToken !== token) return null;
    this.presence.leaseEndsAt(until);
    return assignmentOf(row, token, this.clock.now());
  }

  async started(lease: Lease): Promise<boolean> {
    if (await this.jobs.start(lease, this.clock.now())) return true;
    const row = await this.jobs.find(lease.jobId);
    return row?.leaseToken === lease.token && row.state === 'running';
  }

  async renew(agent: AgentCard, leases: readonly Lease[]): Promise<Renewal> {
    await this.presence.saw(agent);
    const now = this.clock.now();
    const until = this.leaseEnd();
    const held = leases.length === 0 ? [] : await this.jobs.renew(leases, until);
    return { held, leaseMs: until - now };
  }

  ended(lease: Lease, result: AttemptResult): Promise<boolean> {
    return this.results.record(lease, result);
  }

  private leaseEnd(): number {
    return this.clock.now() + this.options.agentLostSeconds * 1_000;
  }
}

function assignmentOf(row: JobRow, token: string, now: number): Assignment {
  return {
    lease: { jobId: row.id, attempt: row.attempt, token },
    leaseMs: (row.leaseUntil ?? now) - now,
    expiresInMs: row.expiresAt === null ? null : row.expiresAt - now,
    command: row.command,
    binary: row.spec.binary ?? null,
    inputFiles: row.spec.inputFiles ?? [],
    outputFiles: row.spec.outputFiles ?? [],
    env: row.spec.env ?? {},
    running: row.state === 'running',
    timeoutSeconds: row.spec.timeout ?? null,
  };
}
