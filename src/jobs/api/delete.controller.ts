import { Delete } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { RequestBody, RequestQuery } from '../../http/decoded-request.js';
import { JobsService } from '../jobs.service.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeAlias } from './docs/answers.docs.js';
import { DescribeDelete } from './docs/delete.docs.js';
import { JobApi } from './job-api.js';
import { jobIdIn, MaybeJobIdDto } from './job-id.dto.js';

/** `DELETE /delete` removes a job, as does `DELETE /cancel`. */
@JobApi()
export class DeleteController {
  constructor(private readonly jobs: JobsService) {}

  @Delete('delete')
  @DescribeDelete()
  async delete(
    @RequestBody() body: MaybeJobIdDto,
    @RequestQuery() query: MaybeJobIdDto,
    @CurrentCaller() caller: Caller,
  ): Promise<{ job_id: string }> {
    const job_id = jobIdIn(body, query);
    await this.jobs.remove(job_id, caller);
    return { job_id };
  }

  /** The specification's own sample for deletion calls it so. */
  @Delete('cancel')
  @DescribeAlias()
  deleteByCancel(
    @RequestBody() body: MaybeJobIdDto,
    @RequestQuery() query: MaybeJobIdDto,
    @CurrentCaller() caller: Caller,
  ): Promise<{ job_id: string }> {
    return this.delete(body, query, caller);
  }
}
