import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { Database } from '../database/database.js';
import { WaitingJobs } from '../execution/job-dispatcher.port.js';
import { Clock, SteadyClock } from '../kernel/clock.js';
import { JobsRepository } from './jobs.repository.js';
import { StoredWaitingJobs } from './recovery/stored-waiting-jobs.js';

/** The jobs in the database, below all that is done with them. */
@Module({})
export class JobStoreModule {
  /** @param imports modules that provide {@link Database} */
  static register({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const repository = {
      provide: JobsRepository,
      inject: [Database],
      useFactory: (database: Database) => new JobsRepository(database),
    };
    return {
      module: JobStoreModule,
      imports,
      providers: [
        repository,
        { provide: Clock, useClass: SteadyClock },
        { provide: WaitingJobs, useClass: StoredWaitingJobs },
      ],
      exports: [JobsRepository, WaitingJobs, Clock],
    };
  }
}
