import { type OnApplicationShutdown } from '@nestjs/common';
import { DomainError } from '../../kernel/errors.js';
import { assignmentFromWire, renewalFromWire } from '../assignment-wire.port.js';
import {
  type AgentCard,
  type Assignment,
  type AttemptResult,
  JobReports,
  type Lease,
  type Renewal,
} from '../job-reports.port.js';
import { agentToWire, leaseToWire, resultToWire } from '../report-wire.port.js';
import { Patience } from './patience.js';
import { ReportServer } from './report-server.js';
import { ReportServers } from './report-servers.js';

export interface HttpJobReportsOptions {
  /** One or more of `http:` or `https:`; each may have a path, below which `/agent-reports` lies. */
  readonly serverUrls: readonly string[];
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string;
  /** How long one server may take at most to answer before the next is asked, in ms; less where leases are short. */
  readonly timeoutMs: number;
}

/**
 * Reports to servers in other processes. Besides what the port says, each method throws `DomainError('unauthenticated')`
 * where the token is wrong, and a plain Error where the server finds fault with the report itself.
 */
export class HttpJobReports extends JobReports implements OnApplicationShutdown {
  private readonly servers: ReportServers;
  private readonly patience: Patience;

  constructor({ serverUrls, token, timeoutMs }: HttpJobReportsOptions) {
    super();
    if (serverUrls.length === 0) throw new Error('An agent needs the URL of a server at least.');
    this.patience = new Patience(timeoutMs);
    const options = { patience: this.patience, ...(token !== undefined && { token }) };
    this.servers = new ReportServers(serverUrls.map((url) => new ReportServer(url, options)));
  }

  async arrived(agent: AgentCard): Promise<void> {
    await this.servers.ask('arrived', { agent: agentToWire(agent) });
  }

  async left(agent: AgentCard): Promise<void> {
    await this.servers.ask('left', { agent: agentToWire(agent) });
  }

  async claim(jobId: string, agent: string, token: string): Promise<Assignment | null> {
    const { answer, delayMs } = await this.servers.ask('claim', { job_id: jobId, agent, token });
    const { assignment } = answer;
    if (assignment === null) return null;
    this.patience.fitInto(assignment.lease_ms);
    const { lease } = assignment;
    if (lease.job_id === jobId && lease.token === token) return assignmentFromWire(assignment, delayMs);
    throw new DomainError(
      'unavailable',
      'A server answered the claim of another job: is a proxy in between?',
    );
  }

  async started(lease: Lease): Promise<boolean> {
    const { answer } = await this.servers.ask('started', { lease: leaseToWire(lease) });
    return answer.granted;
  }

  async renew(agent: AgentCard, leases: readonly Lease[]): Promise<Renewal> {
    const report = { agent: agentToWire(agent), leases: leases.map(leaseToWire) };
    const { answer, delayMs } = await this.servers.ask('renew', report);
    this.patience.fitInto(answer.lease_ms);
    return renewalFromWire(answer, delayMs);
  }

  async ended(lease: Lease, result: AttemptResult): Promise<boolean> {
    const report = { lease: leaseToWire(lease), result: resultToWire(result) };
    const { answer } = await this.servers.ask('ended', report);
    return answer.counts;
  }

  /** As late as can be: what is drained before still has to be reported. */
  onApplicationShutdown(): void {
    this.close();
  }

  /** Gives connections back. */
  close(): void {
    this.servers.close();
  }
}
