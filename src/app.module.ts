import { type DynamicModule, Module } from '@nestjs/common';
import { type AppConfig } from './config/config.js';
import { Database } from './database/database.js';
import { HealthModule } from './health/health.module.js';
import { type ReadinessCheck } from './health/readiness-check.port.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { JobManagerModule } from './job-manager.module.js';

const DATABASE_READINESS = Symbol('DatabaseReadiness');

/** The standalone server: the job manager, and what a host backend has of its own. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    const jobManager = JobManagerModule.forRoot(config);
    const readiness: DynamicModule = {
      module: ReadinessModule,
      imports: [jobManager],
      providers: [{ provide: DATABASE_READINESS, inject: [Database], useFactory: databaseReadiness }],
      exports: [DATABASE_READINESS],
    };
    const health = HealthModule.forRoot({ checks: [DATABASE_READINESS], imports: [readiness] });
    const metrics = MetricsModule.register({
      imports: [jobManager],
      areOpen: config.auth === 'none',
      pool: Database,
    });
    return { module: AppModule, imports: [jobManager, health, metrics] };
  }
}

@Module({})
class ReadinessModule {}

function databaseReadiness(database: Database): ReadinessCheck {
  return { check: () => database.ping() };
}
