import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DatabaseClock } from '../database/database-clock.js';
import { LiveAgents, WaitingJobs } from '../execution/job-dispatcher.port.js';
import { Clock, SteadyClock } from '../kernel/clock.js';
import { AgentDirectory } from './agents/agent-directory.js';
import { AgentsRepository } from './agents/agents.repository.js';
import { ExpiredJobs } from './expiry/expired-jobs.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobsRepository } from './jobs.repository.js';
import { RunnableJobs } from './runnable-jobs.js';
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
    const repositories = [JobsRepository, RunnableJobs, ExpiredJobs, AgentsRepository].map((repository) => ({
      provide: repository,
      inject: [Database],
      useFactory: (database: Database) => new repository(database),
    }));
    return {
      module: JobStoreModule,
      imports,
      providers: [
        options,
        ...repositories,
        AgentDirectory,
        { provide: Clock, inject: [JOBS_OPTIONS, Database], useFactory: clockFor },
        { provide: WaitingJobs, useClass: StoredWaitingJobs },
        { provide: LiveAgents, useExisting: AgentDirectory },
      ],
      exports: [
        JOBS_OPTIONS,
        JobsRepository,
        ExpiredJobs,
        AgentsRepository,
        AgentDirectory,
        Clock,
        WaitingJobs,
        LiveAgents,
      ],
    };
  }
}
