import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ANONYMOUS, type Caller, isUserName, USER_NAME_IN_WORDS } from '../auth/auth.port.js';
import { DomainError } from '../kernel/errors.js';
import { ContractRequests, type HostRunRequest } from './api/contract-requests.js';
import { type JobEvent } from './job.events.js';
import { type JobFilter, type JobPage, type JobView, type RunOptions } from './job.types.js';
import { checkKey } from './idempotency/key-syntax.js';
import { JobsService } from './jobs.service.js';
import { JobFollowing, type FollowOptions } from './output/job-following.js';
import { type OutputEvent } from './output/output-event.js';
import { type JobEndListener, JobEnds } from './waiting/job-ends.js';
import { JobWaits } from './waiting/job-waits.js';

/** How long a host waits for the end of a job. */
export interface WaitOptions {
  /** Milliseconds, 0 or more; absent: until the job ends. */
  readonly timeoutMs?: number;
  /** Aborts when the host does not care any more. */
  readonly signal?: AbortSignal;
}

/** In whose name a host acts that names no caller: it may do all, and what it runs belongs to nobody in particular. */
export const HOST_CALLER: Caller = { user: ANONYMOUS.user, role: 'admin' };

/**
 * The job manager for the code of a host backend: what REST offers, with the same validation and the same checks of who may do
 * what. Every method rejects with a {@link DomainError}, whose `code` tells the case: `invalid_request`, `forbidden`,
 * `not_found`, `gone`, or `unavailable` while the database is away. Ids may be in either case.
 */
@Injectable()
export class JobManager {
  constructor(
    private readonly jobs: JobsService,
    private readonly requests: ContractRequests,
    private readonly waits: JobWaits,
    private readonly ends: JobEnds,
    private readonly following: JobFollowing,
  ) {}

  /**
   * Resolves where jobs can be accepted just now, that is, where the database answers: for the host's own health check. Rejects with
   * `unavailable` where not.
   */
  checkReady(): Promise<void> {
    return this.jobs.checkReady();
  }

  /** Accepts a job: it is on disk when this resolves. Rejects with `invalid_request` where the caller's name can't own one. */
  async run(
    request: HostRunRequest,
    caller: Caller = HOST_CALLER,
    options: RunOptions = {},
  ): Promise<{ jobId: string }> {
    const { idempotencyKey } = options;
    if (idempotencyKey !== undefined) checkKey(idempotencyKey);
    if (!isUserName(caller.user))
      throw new DomainError('invalid_request', `The caller's user must be ${USER_NAME_IN_WORDS}.`);
    return this.jobs.run(await this.requests.toRun(request), caller, options);
  }

  /** What is known of a job. Rejects with `not_found` where the caller may not see it, with `gone` once it was deleted or has expired. */
  async info(jobId: string, caller: Caller = HOST_CALLER): Promise<JobView> {
    // SQLite answers at once: whoever asks in a tight loop would else keep the job from ever ending.
    await nextTurn();
    return this.jobs.info(await this.requests.toJobId(jobId), caller);
  }

  /** What happened to a job until now, in its order. Rejects as `info` does. */
  async events(jobId: string, caller: Caller = HOST_CALLER): Promise<readonly JobEvent[]> {
    return this.jobs.events(await this.requests.toJobId(jobId), caller);
  }

  /**
   * What is known of a job once it has ended, or once `timeoutMs` is over: its `state` tells which. Rejects as `info` does, with
   * the reason of `signal` when that aborts, and with `unavailable` when the application closes.
   */
  async waitFor(jobId: string, options: WaitOptions = {}, caller: Caller = HOST_CALLER): Promise<JobView> {
    const id = await this.requests.toJobId(jobId);
    const { timeoutMs = null, signal } = options;
    if (timeoutMs !== null && !(timeoutMs >= 0))
      throw new DomainError('invalid_request', 'timeoutMs must be a number of milliseconds, 0 or more.');
    // As in `info`.
    await nextTurn();
    const ended = await this.waits.end(id, caller, { ms: timeoutMs, signal });
    if (ended !== null) return ended;
    signal?.throwIfAborted();
    if (this.waits.areOver) throw new DomainError('unavailable', CLOSES);
    return this.jobs.info(id, caller);
  }

  /**
   * Tells of each job that ends: with a result, or by being deleted or by expiry, which may come after a result. With several
   * servers on one Redis, of those that end elsewhere too. Told when the database holds it, mostly once, and never again after a crash:
   * what must not be missed is looked up. What `listener` throws is logged.
   *
   * @returns what to call in order to hear no more
   */
  onEnd(listener: JobEndListener): () => void {
    return this.ends.listen(listener);
  }

  /** The caller's jobs, or those of `filter.user`, newest first; 100 of them where no limit is given. */
  async list(filter: Partial<JobFilter> = {}, caller: Caller = HOST_CALLER): Promise<JobPage> {
    return this.jobs.list(await this.requests.toList(filter), caller);
  }

  /** Ends a job for good, with its whole process tree; durable when this resolves. Cancelling again is no error. */
  async cancel(jobId: string, caller: Caller = HOST_CALLER): Promise<void> {
    await this.jobs.cancel(await this.requests.toJobId(jobId), caller);
  }

  /** Removes a job with its answer and its outputs, running or not. */
  async delete(jobId: string, caller: Caller = HOST_CALLER): Promise<void> {
    await this.jobs.remove(await this.requests.toJobId(jobId), caller);
  }

  /**
   * All that a job writes, as it writes it, to its end, which is the last event; from the first byte, or after `options.from`, the
   * `cursor` of an earlier event. Whoever reads slowly holds up nobody. Rejects as `info` does, with `gone` also when the job is
   * deleted or expires meanwhile; ends without an end when `options.signal` aborts or the application closes.
   */
  async *follow(
    jobId: string,
    options: FollowOptions = {},
    caller: Caller = HOST_CALLER,
  ): AsyncGenerator<OutputEvent, void, undefined> {
    yield* this.following.follow(await this.requests.toJobId(jobId), caller, options);
  }

  /**
   * The bytes of a job's answer, as they are written; ends when the job has succeeded or failed. Whoever stops reading in the middle holds
   * nothing. Rejects with `invalid_request` where the job ends without an answer, and with `unavailable` where its agent was lost after
   * something was read (what it writes now may differ), or the application closes.
   */
  async *output(jobId: string, caller: Caller = HOST_CALLER): AsyncGenerator<Uint8Array, void, undefined> {
    let hasRead = false;
    for await (const event of this.follow(jobId, {}, caller)) {
      if (event.kind === 'attempt' && hasRead) throw new DomainError('unavailable', RUN_AGAIN);
      if (event.kind === 'bytes' && event.stream === 'stdout') {
        hasRead = true;
        yield event.bytes;
      }
      if (event.kind === 'end') {
        if (event.job.answerId === null) throw new DomainError('invalid_request', whyThereIsNone(event.job));
        return;
      }
    }
    throw new DomainError('unavailable', CLOSES);
  }
}

const CLOSES = 'The application closes: nobody waits any more.';
const RUN_AGAIN = 'The job is run again, since its agent was lost: read its output from the beginning.';

function whyThereIsNone({ id, state }: JobView): string {
  return `Job ${id} has ${state === 'cancelled' ? 'been cancelled' : state}, without an answer.`;
}
