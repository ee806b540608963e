import { Get, Param } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { RequestQuery } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeAlias } from './docs/answers.docs.js';
import { DescribeJobInfo } from './docs/job-info.docs.js';
import { JobApi } from './job-api.js';
import { JobIdDto } from './job-id.dto.js';
import { type JobInfo, jobInfoOf } from './job-info.js';

/** `GET /job_info/:job_id` tells a job's state, as does `GET /job_info?job_id=…`. */
@JobApi()
export class JobInfoController {
  constructor(private readonly jobs: JobsService) {}

  @Get('job_info/:job_id')
  @DescribeJobInfo()
  async byPath(@Param() { job_id }: JobIdDto, @CurrentCaller() caller: Caller): Promise<JobInfo> {
    return jobInfoOf(await this.jobs.info(job_id, caller));
  }

  @Get('job_info')
  @DescribeAlias()
  async byQuery(@RequestQuery() { job_id }: JobIdDto, @CurrentCaller() caller: Caller): Promise<JobInfo> {
    return jobInfoOf(await this.jobs.info(job_id, caller));
  }
}
