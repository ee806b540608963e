import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { JobDispatcher, WaitingJobs } from './job-dispatcher.port.js';
import { InProcessQueue } from './queue/in-process-queue.js';

/** Brings jobs to agents: within this process. */
@Module({})
export class ExecutionModule {
  /** @param imports modules that provide {@link WaitingJobs} */
  static register({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const dispatcher = {
      provide: JobDispatcher,
      inject: [WaitingJobs],
      useFactory: (waiting: WaitingJobs) => new InProcessQueue(waiting),
    };
    return { module: ExecutionModule, imports, providers: [dispatcher], exports: [JobDispatcher] };
  }
}
