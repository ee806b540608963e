import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { FileCallers } from './data-manager/index.js';
import { JobFileCallers } from './jobs/file-callers.js';

/** Tells the embedded data manager who calls it. */
@Module({})
export class FileCallersModule {
  /** `imports` must provide the job store and the `Authenticator`. */
  static register({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const callers = { provide: FileCallers, useClass: JobFileCallers };
    return { module: FileCallersModule, imports, providers: [callers], exports: [FileCallers] };
  }
}
