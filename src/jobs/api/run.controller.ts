import { HttpCode, Logger, Post } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type Caller } from '../../auth/auth.port.js';
import { RequestBody } from '../../http/decoded-request.js';
import { DomainError } from '../../kernel/errors.js';
import { JobsService } from '../jobs.service.js';
import { JobWaits, type Patience } from '../waiting/job-waits.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeRun } from './docs/run.docs.js';
import { JobApi } from './job-api.js';
import { type JobInfo, jobInfoOf } from './job-info.js';
import { CallOfRun, type RunCall } from './run-call.js';
import { RunJobDto, runRequestOf } from './run-job.dto.js';
import { WAIT_RANGE } from './wait.dto.js';

/** The id of an accepted job, with what is known of it where its caller has waited. */
type Accepted = { readonly job_id: string } | JobInfo;

/** `POST /run` starts a job, and waits for its end where the caller prefers that. */
@JobApi()
export class RunController {
  private readonly logger = new Logger(RunController.name);

  constructor(
    private readonly jobs: JobsService,
    private readonly waits: JobWaits,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Post('run')
  @HttpCode(201)
  @DescribeRun()
  async run(
    @RequestBody() body: RunJobDto,
    @CurrentCaller() caller: Caller,
    @CallOfRun() { options, wait, departure, response }: RunCall,
  ): Promise<Accepted> {
    const { jobId } = await this.jobs.run(runRequestOf(body), caller, options);
    if (wait === undefined) return { job_id: jobId };
    const seconds = Math.min(wait, WAIT_RANGE.max);
    const info = await this.ended(jobId, caller, { ms: seconds * 1_000, signal: departure() });
    if (info === undefined) return { job_id: jobId };
    this.adapterHost.httpAdapter.setHeader(response, 'preference-applied', `wait=${String(seconds)}`);
    return info;
  }

  /** Undefined where nothing can be told: it is accepted for all that, and whoever heard of a failure would start another. */
  private async ended(jobId: string, caller: Caller, patience: Patience): Promise<JobInfo | undefined> {
    try {
      const ended = await this.waits.end(jobId, caller, patience);
      return jobInfoOf(ended ?? (await this.jobs.info(jobId, caller)));
    } catch (error) {
      if (!(error instanceof DomainError)) this.logger.error(error);
      return undefined;
    }
  }
}
