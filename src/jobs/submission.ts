import { Injectable } from '@nestjs/common';
import { type Caller } from '../auth/auth.port.js';
import { JobDispatcher } from '../execution/job-dispatcher.port.js';
import { Admission } from './admission.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { type RequestKey } from './idempotency/request-key.query.js';
import { type JobRow } from './job.entity.js';
import { type RunRequest } from './job.types.js';
import { type InsertedWith, JobsRepository } from './jobs.repository.js';
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
    const row = await this.admitted(asked, caller);
    await this.insert(row, { webhook: asked.webhook });
    return row.id;
  }

  /** As {@link accept}, under a key that no other job has; null: another has it, and there is no new one. */
  async acceptUnder(key: RequestKey, asked: RunRequest, caller: Caller): Promise<string | null> {
    const row = await this.admitted(asked, caller);
    return (await this.insert(row, { under: key, webhook: asked.webhook })) ? row.id : null;
  }

  private async admitted(asked: RunRequest, caller: Caller): Promise<JobRow> {
    const request = await this.admission.settle(asked);
    await this.admission.check(request, caller);
    return this.admission.rowFor(request, caller);
  }

  private async insert(row: JobRow, beside: InsertedWith): Promise<boolean> {
    const isInserted = await this.room.admit(row.owner, () => this.jobs.insert(row, beside));
    if (!isInserted) return false;
    this.dispatcher.offer(waitingJobOf(row));
    if (row.expiresAt !== null) this.expiry.schedule.expectAt(row.expiresAt);
    return true;
  }
}
