import { type DynamicModule, type InjectionToken, Module, type ModuleMetadata } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type DatabasePool } from '../database/database-pool.port.js';
import { JobChanges } from '../jobs/job-changes.port.js';
import { JobCounts } from '../jobs/job-counts.port.js';
import { Clock } from '../kernel/clock.js';
import { measureDatabase } from './database-metrics.js';
import { measureRequests } from './http-metrics.js';
import { JobMetrics } from './job-metrics.js';
import { MetricsController } from './metrics.controller.js';
import { METRICS_ARE_OPEN } from './metrics.guard.js';

export interface MetricsModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  readonly areOpen: boolean;
  /** Token of the {@link DatabasePool}. */
  readonly pool: InjectionToken<DatabasePool>;
}

/** `/metrics` of a standalone server. */
@Module({})
export class MetricsModule {
  /** `imports` must provide `pool`, `Authenticator`, {@link JobChanges}, {@link JobCounts} and {@link Clock}. */
  static register({ imports, areOpen, pool }: MetricsModuleOptions): DynamicModule {
    const registry = {
      provide: Registry,
      inject: [HttpAdapterHost, JobChanges, JobCounts, Clock, pool],
      useFactory: (
        { httpAdapter }: HttpAdapterHost,
        changes: JobChanges,
        ...[counts, clock, connections]: [JobCounts, Clock, DatabasePool]
      ) => {
        // Of its own: two servers in one process must not count as one.
        const made = new Registry();
        collectDefaultMetrics({ register: made });
        new JobMetrics(made, clock, { changes, counts });
        measureDatabase(connections, made);
        measureRequests(httpAdapter.getInstance<FastifyInstance>(), made);
        return made;
      },
    };
    const open = { provide: METRICS_ARE_OPEN, useValue: areOpen };
    return { module: MetricsModule, imports, controllers: [MetricsController], providers: [registry, open] };
  }
}
