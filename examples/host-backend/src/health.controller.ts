import { Controller, Get } from '@nestjs/common';
import {
  HealthCheck,
  type HealthCheckResult,
  HealthCheckService,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { JobManager } from 'nest-job-manager';

/** The host's own health, of which the job manager is a part. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly jobs: JobManager,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.jobManager()]);
  }

  private async jobManager(): Promise<HealthIndicatorResult<'jobs'>> {
    const indicator = this.indicators.check('jobs');
    return this.jobs.checkReady().then(
      () => indicator.up(),
      () => indicator.down(),
    );
  }
}
