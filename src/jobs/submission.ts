import { Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { Admission } from './admission.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { type RunRequest } from './job.types.js';
import { JobsRepository } from './jobs.repository.js';
import { waitingJobOf } from './recovery/stored-waiting-jobs.js';
import { WaitingRoom } from './waiting-room.js';

/** Accepts jobs: row first, queue second, so that nothing that was answered can be lost. */
@Injectable()
export class Submission {
  constructor(
    private readonly admission: Admission,
    private readonly room: WaitingRoom,
    private readonly jobs: JobsRepository,
    private readonly dispatcher: JobDispatcher,
    private readonly expiry: ExpiryService,
  ) {}

  /** Resolves with the id of a job that the database holds. */
  async accept(asked: RunRequest, caller: Caller): Promise<string> {
    const request = await this.admission.settle(asked);
    await this.admission.checkFiles(request, caller);
    const row = this.admission.rowFor(request, caller);
    await this.room.admit(row.owner, () => this.jobs.insert(row));
    this.dispatcher.offer(waitingJobOf(row));
    if (row.expiresAt !== null) this.expiry.schedule.expectAt(row.expiresAt);
    return row.id;
  }
}
