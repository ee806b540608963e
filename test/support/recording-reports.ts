import {
  type AgentCard,
  type Assignment,
  type AttemptResult,
  JobReports,
  type Lease,
  type Renewal,
} from '../../src/execution/job-reports.port.js';
import { AgentList } from '../../src/jobs/agents/agent-list.js';
import { jobApiControllers } from '../../src/jobs/api/job-api-controllers.js';
import { JOBS_OPTIONS, type JobsOptions } from '../../src/jobs/jobs.options.js';
import { JobsService } from '../../src/jobs/jobs.service.js';
import { JobFollowing } from '../../src/jobs/output/job-following.js';
import { JobWaits } from '../../src/jobs/waiting/job-waits.js';
import { useHttpServer } from './http-server.js';
import { OPEN_DOORS } from './open-doors.js';

/** Stands in for the life of jobs: notes what it is told, and answers what it was told to. */
export class RecordingReports extends JobReports {
  readonly heard: unknown[][] = [];
  assignment: Assignment | null = null;
  renewal: Renewal = { held: [], leaseMs: 30_000 };
  yes = true;
  /** Thrown by the next call. */
  failure: Error | undefined;

  arrived(agent: AgentCard): Promise<void> {
    return this.note(undefined, 'arrived', agent);
  }
  left(agent: AgentCard): Promise<void> {
    return this.note(undefined, 'left', agent);
  }
  claim(jobId: string, agent: string, token: string): Promise<Assignment | null> {
    return this.note(this.assignment, 'claim', jobId, agent, token);
  }
  started(lease: Lease): Promise<boolean> {
    return this.note(this.yes, 'started', lease);
  }
  renew(agent: AgentCard, leases: readonly Lease[]): Promise<Renewal> {
    return this.note(this.renewal, 'renew', agent, leases);
  }
  ended(lease: Lease, result: AttemptResult): Promise<boolean> {
    return this.note(this.yes, 'ended', lease, result);
  }

  private note<T>(answer: T, ...call: unknown[]): Promise<T> {
    this.heard.push(call);
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? Promise.resolve(answer) : Promise.reject(failure);
  }
}

/** A server that passes on to `reports` what agents say, for all tests of the `describe`. */
export function serveReports(
  reports: JobReports,
  options: Partial<JobsOptions> = {},
  prefix?: string,
): () => string {
  return useHttpServer({
    controllers: jobApiControllers(prefix),
    providers: [
      ...OPEN_DOORS,
      { provide: JobsService, useValue: {} },
      { provide: JobFollowing, useValue: {} },
      { provide: JobWaits, useValue: {} },
      { provide: AgentList, useValue: {} },
      { provide: JobReports, useValue: reports },
      { provide: JOBS_OPTIONS, useValue: { isShared: true, ...options } },
    ],
  });
}
