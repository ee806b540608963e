import { Get, Param } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { CallerGone, type Departure } from '../../http/caller-gone.js';
import { RequestQuery } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { JobWaits } from '../waiting/job-waits.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeAlias } from './docs/answers.docs.js';
import { DescribeJobInfo } from './docs/job-info.docs.js';
import { JobApi } from './job-api.js';
import { JobIdDto } from './job-id.dto.js';
import { type JobInfo, jobInfoOf } from './job-info.js';
import { JobIdAndWaitDto, WaitDto } from './wait.dto.js';

/** `GET /job_info/:job_id` tells a job's state, as does `GET /job_info?job_id=…`; with `wait`, once it has ended. */
@JobApi()
export class JobInfoController {
  constructor(
    private readonly jobs: JobsService,
    private readonly waits: JobWaits,
  ) {}

  @Get('job_info/:job_id')
  @DescribeJobInfo()
  byPath(
    @Param() { job_id }: JobIdDto,
    @RequestQuery() { wait }: WaitDto,
    @CurrentCaller() caller: Caller,
    @CallerGone() signal: Departure,
  ): Promise<JobInfo> {
    return this.info(job_id, caller, { wait, signal });
  }

  @Get('job_info')
  @DescribeAlias()
  byQuery(
    @RequestQuery() { job_id, wait }: JobIdAndWaitDto,
    @CurrentCaller() caller: Caller,
    @CallerGone() signal: Departure,
  ): Promise<JobInfo> {
    return this.info(job_id, caller, { wait, signal });
  }

  private async info(
    jobId: string,
    caller: Caller,
    { wait = 0, signal }: { wait: number | undefined; signal: AbortSignal },
  ): Promise<JobInfo> {
    const ended = wait > 0 ? await this.waits.end(jobId, caller, { ms: wait * 1_000, signal }) : null;
    return jobInfoOf(ended ?? (await this.jobs.info(jobId, caller)));
  }
}
