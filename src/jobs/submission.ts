import { Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { Admission } from './admission.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { type RunRequest } from './job.types.js';
import { JobsRepository } from './jobs.repository.js';
import { QueueDepth } from './queue-depth.js';
import { waitingJobOf } from './recovery/stored-waiting-jobs.js';

/** Accepts jobs: row first, queue second, so that nothing that was answered can be lost. */
@Injectable()
export class Submission {
  constructor(
    private readonly admission: Admission,
    private readonly depth: QueueDepth,
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    private readonly expiry: ExpiryService,
  ) {}

  /** Resolves with the id of a job that the database holds. */
  async accept(asked: RunRequest, caller: Caller): Promise<string> {
    const request = await this.admission.settle(asked);
    await this.admission.checkFiles(request, caller);
    await this.depth.take();
    const row = this.admission.rowFor(request, caller);
    await this.jobs.insert(row);
    this.dispatcher.offer(waitingJobOf(row));
    if (row.expiresAt !== null) this.expiry.schedule.expectAt(row.expiresAt);
    return row.id;
  }
}
