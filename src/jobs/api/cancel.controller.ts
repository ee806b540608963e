import { HttpCode, Post } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { RequestBody } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeCancel } from './docs/cancel.docs.js';
import { JobApi } from './job-api.js';
import { JobIdDto } from './job-id.dto.js';

/** `POST /cancel` stops a job for good. */
@JobApi()
export class CancelController {
  constructor(private readonly jobs: JobsService) {}

  @Post('cancel')
  @HttpCode(200)
  @DescribeCancel()
  async cancel(
    @RequestBody() { job_id }: JobIdDto,
    @CurrentCaller() caller: Caller,
  ): Promise<{ job_id: string }> {
    await this.jobs.cancel(job_id, caller);
    return { job_id };
  }
}
