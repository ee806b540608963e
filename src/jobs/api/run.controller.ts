import { HttpCode, Post } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { RequestBody } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeRun } from './docs/run.docs.js';
import { IdempotencyKey } from './idempotency-key.header.js';
import { JobApi } from './job-api.js';
import { RunJobDto, runRequestOf } from './run-job.dto.js';

/** `POST /run` starts a job. */
@JobApi()
export class RunController {
  constructor(private readonly jobs: JobsService) {}

  @Post('run')
  @HttpCode(201)
  @DescribeRun()
  async run(
    @RequestBody() body: RunJobDto,
    @CurrentCaller() caller: Caller,
    @IdempotencyKey() idempotencyKey?: string,
  ): Promise<{ job_id: string }> {
    const options = idempotencyKey === undefined ? {} : { idempotencyKey };
    const { jobId } = await this.jobs.run(runRequestOf(body), caller, options);
    return { job_id: jobId };
  }
}
