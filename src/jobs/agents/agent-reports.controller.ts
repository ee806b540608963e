import { applyDecorators, HttpCode, Post, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { assignmentToWire, renewalToWire, type WireAnswers } from '../../execution/assignment-wire.port.js';
import { JobReports } from '../../execution/job-reports.port.js';
import {
  leaseFromWire,
  MAX_REPORT_BYTES,
  type ReportMethod,
  REPORTS_PATH,
  resultFromWire,
} from '../../execution/report-wire.port.js';
import { ContractPipe } from '../../http/contract.pipe.js';
import { ErrorFilter } from '../../http/error.filter.js';
import { LargeBody, LargeJson } from '../../http/large-body.js';
import { AgentDto, cardOf, ClaimDto, EndedDto, RenewDto, StartedDto } from './agent-reports.dto.js';
import { AgentTokenGuard } from './agent-token.guard.js';

function Report(method: ReportMethod): MethodDecorator {
  return applyDecorators(Post(`${REPORTS_PATH}/${method}`), HttpCode(200), LargeBody());
}

const Body = (): ParameterDecorator => LargeJson(MAX_REPORT_BYTES);

/** What agents in other processes say, passed on to this one's `JobReports`. Mounted by `routedAt`. */
@UseGuards(AgentTokenGuard)
@UseFilters(ErrorFilter)
@UsePipes(ContractPipe)
export class AgentReportsController {
  constructor(private readonly reports: JobReports) {}

  @Report('arrived')
  async arrived(@Body() body: AgentDto): Promise<WireAnswers['arrived']> {
    await this.reports.arrived(cardOf(body));
    return {};
  }

  @Report('left')
  async left(@Body() body: AgentDto): Promise<WireAnswers['left']> {
    await this.reports.left(cardOf(body));
    return {};
  }

  @Report('claim')
  async claim(@Body() { job_id, agent, token }: ClaimDto): Promise<WireAnswers['claim']> {
    const assignment = await this.reports.claim(job_id, agent, token);
    return { assignment: assignment === null ? null : assignmentToWire(assignment) };
  }

  @Report('started')
  async started(@Body() { lease }: StartedDto): Promise<WireAnswers['started']> {
    return { granted: await this.reports.started(leaseFromWire(lease)) };
  }

  @Report('renew')
  async renew(@Body() body: RenewDto): Promise<WireAnswers['renew']> {
    return renewalToWire(await this.reports.renew(cardOf(body), body.leases.map(leaseFromWire)));
  }

  @Report('ended')
  async ended(@Body() { lease, result }: EndedDto): Promise<WireAnswers['ended']> {
    return { counts: await this.reports.ended(leaseFromWire(lease), resultFromWire(result)) };
  }
}
