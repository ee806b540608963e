import { type DynamicModule, Module } from '@nestjs/common';
import { type AppConfig } from './config/config.js';
import { RateLimit } from './http/rate-limit.js';
import { SETTINGS } from './settings.module.js';

/** One count of requests for the API of jobs and that of files. */
@Module({})
export class RateLimitModule {
  /**
   * @param settings provides the settings
   * @param isGuarded whether a host's guard tells who calls
   */
  static register(settings: DynamicModule, isGuarded: boolean): DynamicModule {
    const limit = {
      provide: RateLimit,
      inject: [SETTINGS],
      useFactory: ({ rateLimit, auth }: AppConfig) => RateLimit.of(rateLimit, auth === 'none' && !isGuarded),
    };
    return { module: RateLimitModule, imports: [settings], providers: [limit], exports: [RateLimit] };
  }
}
