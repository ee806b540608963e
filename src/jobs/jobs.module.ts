import { type DynamicModule, Module, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { JobReports } from '../execution/job-reports.port.js';
import { Admission } from './admission.js';
import { AttemptReports } from './attempt-reports.js';
import { CleanUp } from './clean-up.js';
import { Endings } from './endings.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { Faults } from './faults.js';
import { JobsService } from './jobs.service.js';
import { LeftoverFiles } from './leftover-files.js';
import { QueueDepth } from './queue-depth.js';
import { DelayedRetries } from './recovery/delayed-retries.js';
import { LostAgents } from './recovery/lost-agents.js';
import { Tombstones } from './recovery/tombstones.js';
import { Schedules } from './schedules.js';
import { Submission } from './submission.js';

export interface JobsModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  /** Binds `JOBS_OPTIONS`. */
  readonly options: Provider;
  readonly controllers: Type[];
}

/** The life of jobs: their API, their states, their expiry and their recovery. */
@Module({})
export class JobsModule {
  /** `imports` must provide the job store, a `JobDispatcher` and a `FileStore`. */
  static register({ imports, options, controllers }: JobsModuleOptions): DynamicModule {
    return {
      module: JobsModule,
      imports,
      controllers,
      providers: [
        options,
        Admission,
        CleanUp,
        DelayedRetries,
        Endings,
        ExpiryService,
        Faults,
        JobsService,
        LeftoverFiles,
        LostAgents,
        QueueDepth,
        Schedules,
        Submission,
        Tombstones,
        { provide: JobReports, useClass: AttemptReports },
      ],
      exports: [JobsService, JobReports],
    };
  }
}
