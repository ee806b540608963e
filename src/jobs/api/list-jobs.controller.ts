import { Get } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { RequestQuery } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeListJobs } from './docs/list-jobs.docs.js';
import { JobApi } from './job-api.js';
import { jobFilterOf, ListJobsDto } from './list-jobs.dto.js';

interface JobList {
  readonly job_ids: readonly string[];
  readonly next_page_token: string | null;
}

/** `GET /list_jobs` lists jobs, newest first. */
@JobApi()
export class ListJobsController {
  constructor(private readonly jobs: JobsService) {}

  @Get('list_jobs')
  @DescribeListJobs()
  async list(@RequestQuery() filters: ListJobsDto, @CurrentCaller() caller: Caller): Promise<JobList> {
    const { ids, nextPageToken } = await this.jobs.list(jobFilterOf(filters), caller);
    return { job_ids: ids, next_page_token: nextPageToken };
  }
}
