import { Get, HttpStatus, Param, Res, StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Readable } from 'node:stream';
import { type Caller } from '../../../auth/auth.port.js';
import { CallerGone, type Departure } from '../../../http/caller-gone.js';
import { JobsService } from '../../jobs.service.js';
import { JobFollowing } from '../../output/job-following.js';
import { CurrentCaller } from '../current-caller.js';
import { DescribeJobOutput } from '../docs/job-output.docs.js';
import { JobApi } from '../job-api.js';
import { JobIdDto } from '../job-id.dto.js';
import { eventStream } from './event-stream.js';
import { type OutputRequest, RequestOfOutput } from './output-request.js';

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Nothing between may keep, change or hold back any of it.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** `GET /job_info/:job_id/output` tells what a job writes, as it writes it. */
@JobApi()
export class JobOutputController {
  constructor(
    private readonly jobs: JobsService,
    private readonly following: JobFollowing,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Get('job_info/:job_id/output')
  @DescribeJobOutput()
  async follow(
    @Param() { job_id }: JobIdDto,
    @RequestOfOutput() { seen, wantsBody }: OutputRequest,
    @CurrentCaller() caller: Caller,
    @CallerGone() signal: Departure,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<StreamableFile | undefined> {
    const { state } = await this.jobs.info(job_id, caller);
    const { httpAdapter } = this.adapterHost;
    if (seen?.isEnd === true) {
      // By which a browser learns not to come back.
      httpAdapter.status(response, HttpStatus.NO_CONTENT);
      return undefined;
    }
    for (const [name, value] of Object.entries(HEADERS)) httpAdapter.setHeader(response, name, value);
    if (!wantsBody) return undefined;
    const events = this.following.follow(job_id, caller, { from: seen?.cursor, signal });
    const text = eventStream(events, `job ${job_id}, ${state}`);
    return new StreamableFile(Readable.from(text, { objectMode: false }));
  }
}
