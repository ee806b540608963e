import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JobManagerModule } from 'nest-job-manager';
import { HealthController } from './health.controller.js';
import { ReportsController } from './reports.controller.js';

/** Who calls, for the job manager: a host would ask its session or its tokens. */
function callerOf({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) {
  const user = headers['x-user'];
  return typeof user === 'string' ? { user } : undefined;
}

@Module({})
export class AppModule {
  static forRoot(dataDir: string): DynamicModule {
    const jobs = JobManagerModule.forRoot({ prefix: 'jobs', dataDir, guard: callerOf });
    return {
      module: AppModule,
      imports: [jobs, TerminusModule],
      controllers: [ReportsController, HealthController],
    };
  }
}
