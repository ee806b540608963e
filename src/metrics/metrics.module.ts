import {
  type DynamicModule,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type DatabasePool } from '../database/database-pool.port.js';
import { JobChanges } from '../jobs/job-changes.port.js';
import { JobCounts } from '../jobs/job-counts.port.js';
import { Clock } from '../kernel/clock.js';
import { HostMetrics } from './host-metrics.js';
import { measureRequests } from './http-metrics.js';
import { type Measured, measureJobManager } from './measure.js';
import { MetricsController } from './metrics.controller.js';
import { METRICS_ARE_OPEN } from './metrics.guard.js';

/** `imports` must provide `pool`, {@link JobChanges}, {@link JobCounts} and {@link Clock}. */
export interface MeasuredModules extends Required<Pick<ModuleMetadata, 'imports'>> {
  /** Token of the {@link DatabasePool}. */
  readonly pool: InjectionToken<DatabasePool>;
}

export interface MetricsServing extends MeasuredModules {
  readonly areOpen: boolean;
}

export interface MetricsOfHost extends MeasuredModules {
  readonly registry: Registry;
}

const MEASURED = Symbol('Measured');

@Module({})
export class MetricsModule {
  /** The metrics in a registry of the host's, who serves them. */
  static inRegistry({ imports, pool, registry }: MetricsOfHost): DynamicModule {
    const metrics = {
      provide: HostMetrics,
      inject: [MEASURED],
      useFactory: (measured: Measured) => new HostMetrics(registry, measured),
    };
    return { module: MetricsModule, imports, providers: [measuredFrom(pool), metrics] };
  }

  /** `/metrics` of a standalone server. `imports` must provide `Authenticator` as well. */
  static register({ imports, areOpen, pool }: MetricsServing): DynamicModule {
    const registry = {
      provide: Registry,
      inject: [HttpAdapterHost, MEASURED],
      useFactory: ({ httpAdapter }: HttpAdapterHost, measured: Measured) => {
        // Of its own: two servers in one process must not count as one.
        const made = new Registry();
        collectDefaultMetrics({ register: made });
        measureJobManager(made, measured);
        measureRequests(httpAdapter.getInstance<FastifyInstance>(), made);
        return made;
      },
    };
    const open = { provide: METRICS_ARE_OPEN, useValue: areOpen };
    const providers = [measuredFrom(pool), registry, open];
    return { module: MetricsModule, imports, controllers: [MetricsController], providers };
  }
}

function measuredFrom(pool: InjectionToken<DatabasePool>): Provider {
  return {
    provide: MEASURED,
    inject: [JobChanges, JobCounts, Clock, pool],
    useFactory: (
      changes: JobChanges,
      counts: JobCounts,
      clock: Clock,
      connections: DatabasePool,
    ): Measured => ({
      changes,
      counts,
      clock,
      pool: connections,
    }),
  };
}
