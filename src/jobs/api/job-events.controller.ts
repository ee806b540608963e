import { Get, Param } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { JobsService } from '../jobs.service.js';
import { type JobEventType } from '../job.events.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeJobEvents } from './docs/job-events.docs.js';
import { JobApi } from './job-api.js';
import { JobIdDto } from './job-id.dto.js';

/** What `GET /job_info/:job_id/events` answers, in the words of the wire. */
interface EventsAnswer {
  readonly events: readonly {
    /** ISO 8601, UTC. */
    readonly at: string;
    readonly type: JobEventType;
    readonly attempt: number | null;
    readonly agent: string | null;
    readonly message: string;
  }[];
}

/** `GET /job_info/:job_id/events` tells what happened to a job. */
@JobApi()
export class JobEventsController {
  constructor(private readonly jobs: JobsService) {}

  @Get('job_info/:job_id/events')
  @DescribeJobEvents()
  async list(@Param() { job_id }: JobIdDto, @CurrentCaller() caller: Caller): Promise<EventsAnswer> {
    const events = await this.jobs.events(job_id, caller);
    return { events: events.map(({ at, ...event }) => ({ at: new Date(at).toISOString(), ...event })) };
  }
}
