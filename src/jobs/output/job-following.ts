import { Injectable } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { FileStore } from '../../data-manager/file-store.js';
import { LiveOutput } from '../../execution/live-output.port.js';
import { JobAccess } from '../job-access.js';
import { JobViews } from '../job-views.js';
import { AwaitedJobs } from '../waiting/awaited-jobs.js';
import { BEFORE_ALL, type OutputCursor, type OutputEvent } from './output-event.js';
import { OutputCourse } from './output-course.js';

/** From where on, and until when. */
export interface FollowOptions {
  /** Absent: from the first byte. */
  readonly from?: OutputCursor | undefined;
  /** Aborts when nobody follows any more. */
  readonly signal?: AbortSignal | undefined;
}

/** What commands write, as they write it, and after that for as long as it is kept. */
@Injectable()
export class JobFollowing {
  constructor(
    private readonly access: JobAccess,
    private readonly awaited: AwaitedJobs,
    private readonly live: LiveOutput,
    private readonly files: FileStore,
    private readonly views: JobViews,
  ) {}

  /**
   * All that a job writes, to its end; it costs the memory of one piece, however slowly it is read. Ends without the event of an end
   * where `signal` aborts or this server stops: whoever still cares goes on from the last cursor, anywhere. What was
   * written under an attempt that another one followed may be cut short.
   *
   * @throws DomainError `not_found` or `gone`, be it later on, and `unavailable`
   */
  async *follow(
    jobId: string,
    caller: Caller,
    { from = BEFORE_ALL, signal }: FollowOptions = {},
  ): AsyncGenerator<OutputEvent, void, undefined> {
    const waiter = this.awaited.enter(jobId, 'begin or end');
    const leave = (): void => {
      waiter.giveUp();
    };
    signal?.addEventListener('abort', leave);
    if (signal?.aborted === true) leave();
    const course = new OutputCourse(waiter, from, {
      look: () => this.access.visible(jobId, caller),
      live: this.live,
      files: this.files,
      views: this.views,
    });
    try {
      yield* course.events();
    } finally {
      course.close();
      signal?.removeEventListener('abort', leave);
      this.awaited.leave(waiter);
    }
  }
}
