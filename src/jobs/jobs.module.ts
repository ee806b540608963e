import { type DynamicModule, Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { JobReports } from '../execution/job-reports.port.js';
import { Admission } from './admission.js';
import { ContractRequests } from './api/contract-requests.js';
import { AgentList } from './agents/agent-list.js';
import { AgentPresence } from './agents/agent-presence.js';
import { AttemptReports } from './attempt-reports.js';
import { AttemptResults } from './attempt-results.js';
import { CleanUp } from './clean-up.js';
import { Endings } from './endings.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { Retention } from './expiry/retention.js';
import { Faults } from './faults.js';
import { IdempotentSubmission } from './idempotency/idempotent-submission.js';
import { KeyRetention } from './idempotency/key-retention.js';
import { JobAccess } from './job-access.js';
import { JobManager } from './job-manager.js';
import { JobsService } from './jobs.service.js';
import { LimitPolicy } from './limit-policy.js';
import { LeftoverFiles } from './leftover-files.js';
import { DelayedRetries } from './recovery/delayed-retries.js';
import { LostAgents } from './recovery/lost-agents.js';
import { Tombstones } from './recovery/tombstones.js';
import { JobFollowing } from './output/job-following.js';
import { RunningPlaces } from './running-places.js';
import { Submission } from './submission.js';
import { Timetable } from './timetable.js';
import { AwaitedJobs } from './waiting/awaited-jobs.js';
import { JobEnds } from './waiting/job-ends.js';
import { JobWaits } from './waiting/job-waits.js';
import { MissedEnds } from './waiting/missed-ends.js';
import { JobViews } from './job-views.js';
import { WebhookDeliveries } from './webhooks/webhook-deliveries.js';
import { WebhookTry } from './webhooks/webhook-try.js';
import { WaitReasons } from './wait-reasons.js';
import { WaitingRoom } from './waiting-room.js';

export interface JobsModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  readonly controllers: Type[];
}

/** The life of jobs: their API, their states, their expiry and their recovery. */
@Module({})
export class JobsModule {
  /** `imports` must provide the job store, a `JobDispatcher` and a `FileStore`. */
  static register({ imports, controllers }: JobsModuleOptions): DynamicModule {
    return {
      module: JobsModule,
      imports,
      controllers,
      providers: [
        Admission,
        AgentList,
        AgentPresence,
        AttemptResults,
        AwaitedJobs,
        CleanUp,
        ContractRequests,
        DelayedRetries,
        Endings,
        ExpiryService,
        Faults,
        IdempotentSubmission,
        JobAccess,
        JobEnds,
        JobManager,
        JobFollowing,
        JobWaits,
        JobsService,
        KeyRetention,
        LeftoverFiles,
        LimitPolicy,
        LostAgents,
        MissedEnds,
        Retention,
        RunningPlaces,
        Submission,
        Timetable,
        Tombstones,
        JobViews,
        WaitReasons,
        WebhookDeliveries,
        WebhookTry,
        WaitingRoom,
        { provide: JobReports, useClass: AttemptReports },
      ],
      exports: [JobManager, JobReports],
    };
  }
}
