import { type DynamicModule, type InjectionToken, Module, type ModuleMetadata } from '@nestjs/common';
import { HealthController, READINESS_CHECKS } from './health.controller.js';
import { type ReadinessCheck } from './readiness-check.port.js';

/** `/health/live` and `/health/ready`. */
@Module({})
export class HealthModule {
  /**
   * @param options `checks`: tokens of the {@link ReadinessCheck}s, all of which must pass; `imports`: the
   *   modules that export them
   */
  static forRoot(options: {
    readonly checks: readonly InjectionToken<ReadinessCheck>[];
    readonly imports?: NonNullable<ModuleMetadata['imports']>;
  }): DynamicModule {
    return {
      module: HealthModule,
      imports: options.imports ?? [],
      controllers: [HealthController],
      providers: [
        {
          provide: READINESS_CHECKS,
          inject: [...options.checks],
          useFactory: (...checks: ReadinessCheck[]) => checks,
        },
      ],
    };
  }
}
