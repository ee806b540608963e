import { Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { type JobFilter, type JobPage, type JobView, type RunRequest } from './job.types.js';

/** The life of a job as callers drive it. Placeholder signatures: the body follows. */
@Injectable()
export class JobsService {
  run(_request: RunRequest, _caller: Caller): Promise<{ jobId: string }> {
    throw new Error('not written yet');
  }
  info(_jobId: string, _caller: Caller): Promise<JobView> {
    throw new Error('not written yet');
  }
  list(_filter: JobFilter, _caller: Caller): Promise<JobPage> {
    throw new Error('not written yet');
  }
  cancel(_jobId: string, _caller: Caller): Promise<void> {
    throw new Error('not written yet');
  }
  remove(_jobId: string, _caller: Caller): Promise<void> {
    throw new Error('not written yet');
  }
}
