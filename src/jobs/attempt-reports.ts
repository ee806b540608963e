import { Inject, Injectable } from '@nestjs/common';
import {
  type Assignment,
  type AttemptEnded,
  type AttemptResult,
  JobReports,
  type Lease,
} from '../execution/job-reports.port.js';
import { Clock } from '../kernel/clock.js';
import { Faults } from './faults.js';
import { type JobRow } from './job.entity.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { LostAgents } from './recovery/lost-agents.js';

/** Answers agents from the database: it grants each attempt once, and believes only who holds the lease. */
@Injectable()
export class AttemptReports extends JobReports {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly faults: Faults,
    private readonly lostAgents: LostAgents,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    super();
  }

  arrived(agent: string): Promise<void> {
    return this.lostAgents.takeBackFrom(agent);
  }

  async claim(jobId: string, agent: string, token: string): Promise<Assignment | null> {
    const until = this.leaseEnd();
    await this.jobs.claim(jobId, { token, until, agent }, this.clock.now());
    // Read back whether or not this very call changed the row: a repeated claim is granted once and answered twice.
    const row = await this.jobs.find(jobId);
    if (row?.leaseToken !== token) return null;
    this.lostAgents.schedule.expectAt(until);
    return assignmentOf(row, token);
  }

  async started(lease: Lease): Promise<boolean> {
    if (await this.jobs.start(lease, this.clock.now())) return true;
    const row = await this.jobs.find(lease.jobId);
    return row?.leaseToken === lease.token && row.state === 'running';
  }

  renew(leases: readonly Lease[]): Promise<readonly string[]> {
    return leases.length === 0 ? Promise.resolve([]) : this.jobs.renew(leases, this.leaseEnd());
  }

  async ended(lease: Lease, result: AttemptResult): Promise<boolean> {
    // The common end needs no look at the row: the guarded update says all.
    if (result.kind === 'ended' && !result.repeatable && (await this.keep(lease, result))) return true;
    const row = await this.jobs.find(lease.jobId);
    if (row === null) return false;
    return row.leaseToken === lease.token ? this.settle(lease, row, result) : isRecorded(row, lease, result);
  }

  private settle(lease: Lease, row: JobRow, result: AttemptResult): Promise<boolean> {
    switch (result.kind) {
      case 'returned':
        return this.faults.giveBack(lease, row);
      case 'fault': {
        const again = result.passing ? 'after a while' : 'never';
        return this.faults.settle(lease, row, { reason: result.reason, again });
      }
      case 'ended': {
        const again = result.repeatable && row.spec.retryOnFailure === true && row.retriesLeft > 0;
        if (!again) return this.keep(lease, result);
        return this.faults.settle(lease, row, {
          reason: result.reason ?? 'The command failed.',
          again: 'after a while',
        });
      }
    }
  }

  private keep(lease: Lease, result: AttemptEnded): Promise<boolean> {
    const now = this.clock.now();
    return this.jobs.finish(lease, result.succeeded ? 'succeeded' : 'failed', {
      finishedAt: now,
      answerId: result.answerId,
      stderrId: result.stderrId,
      outputs: result.outputs.length === 0 ? null : [...result.outputs],
      exitCode: result.exitCode,
      signal: result.signal,
      reason: result.reason,
      // Nobody may ever have looked for what the attempts before this one stored.
      ...(lease.attempt > 1 ? { cleanupAt: now } : {}),
    });
  }

  private leaseEnd(): number {
    return this.clock.now() + this.options.agentLostSeconds * 1_000;
  }
}

/** Whether this very report was taken before, and only its answer was lost on the way. */
function isRecorded(row: JobRow, lease: Lease, result: AttemptResult): boolean {
  if (row.attempt !== lease.attempt) return false;
  if (result.kind !== 'ended') return row.state === 'queued' || row.state === 'failed';
  return row.answerId === result.answerId && (row.state === 'succeeded' || row.state === 'failed');
}

function assignmentOf(row: JobRow, token: string): Assignment {
  return {
    lease: { jobId: row.id, attempt: row.attempt, token },
    command: row.command,
    binary: row.spec.binary ?? null,
    inputFiles: row.spec.inputFiles ?? [],
    outputFiles: row.spec.outputFiles ?? [],
    env: row.spec.env ?? {},
    running: row.state === 'running',
    timeoutSeconds: row.spec.timeout ?? null,
  };
}
