import { type DynamicModule, Module, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DatabaseClock } from '../database/database-clock.js';
import { LiveAgents, WaitingJobs } from '../execution/job-dispatcher.port.js';
import { Clock, SteadyClock } from '../kernel/clock.js';
import { AgentDirectory } from './agents/agent-directory.js';
import { AgentsRepository } from './agents/agents.repository.js';
import { ExpiredJobs } from './expiry/expired-jobs.js';
import { KeptJobs } from './expiry/kept-jobs.js';
import { RequestKeys } from './idempotency/request-keys.repository.js';
import { JobChanges } from './job-changes.port.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobCounts } from './job-counts.port.js';
import { JobsRepository } from './jobs.repository.js';
import { OpenJobs } from './waiting/open-jobs.js';
import { RunnableJobs } from './runnable-jobs.js';
import { Webhooks } from './webhooks/webhooks.repository.js';
import { StoredJobCounts } from './stored-job-counts.js';
import { WaitingLine } from './waiting-line.js';
import { StoredWaitingJobs } from './recovery/stored-waiting-jobs.js';

export interface JobStoreModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  /** Binds `JOBS_OPTIONS`. */
  readonly options: Provider;
}

function clockFor({ isShared }: JobsOptions, database: Database): Clock {
  return isShared && database.dialect === 'mysql' ? new DatabaseClock(database) : new SteadyClock();
}

/** The jobs and agents in the database, below all that is done with them. */
@Module({})
export class JobStoreModule {
  /** `imports` must provide {@link Database}. */
  static register({ imports, options }: JobStoreModuleOptions): DynamicModule {
    const repository = <Repository>(
      provide: Type<Repository>,
      make: (database: Database, options: JobsOptions, changes: JobChanges) => Repository,
    ): Provider => ({ provide, inject: [Database, JOBS_OPTIONS, JobChanges], useFactory: make });
    return {
      module: JobStoreModule,
      imports,
      providers: [
        options,
        JobChanges,
        repository(JobsRepository, (...given) => new JobsRepository(...given)),
        repository(RunnableJobs, (...given) => new RunnableJobs(given[0], given[1])),
        repository(ExpiredJobs, (database, _, changes) => new ExpiredJobs(database, changes)),
        repository(OpenJobs, (database) => new OpenJobs(database)),
        repository(Webhooks, (database) => new Webhooks(database)),
        repository(KeptJobs, (database) => new KeptJobs(database)),
        repository(WaitingLine, (database) => new WaitingLine(database)),
        repository(AgentsRepository, (database) => new AgentsRepository(database)),
        repository(RequestKeys, (database) => new RequestKeys(database)),
        AgentDirectory,
        { provide: JobCounts, useClass: StoredJobCounts },
        { provide: Clock, inject: [JOBS_OPTIONS, Database], useFactory: clockFor },
        { provide: WaitingJobs, useClass: StoredWaitingJobs },
        { provide: LiveAgents, useExisting: AgentDirectory },
      ],
      exports: [
        JOBS_OPTIONS,
        JobChanges,
        JobCounts,
        JobsRepository,
        ExpiredJobs,
        KeptJobs,
        OpenJobs,
        AgentsRepository,
        AgentDirectory,
        RequestKeys,
        WaitingLine,
        Webhooks,
        Clock,
        WaitingJobs,
        LiveAgents,
      ],
    };
  }
}
