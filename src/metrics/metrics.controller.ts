import { Controller, Get, Header, Inject, UseFilters, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { DescribeError } from '../http/error-docs.js';
import { ErrorFilter } from '../http/error.filter.js';
import { MetricsGuard } from './metrics.guard.js';

/** What Prometheus reads. */
@ApiTags('health')
@DescribeError(400, 'The request is not HTTP as it should be.', 'The request is not valid HTTP.')
@UseGuards(MetricsGuard)
@UseFilters(ErrorFilter)
@Controller('metrics')
export class MetricsController {
  constructor(@Inject(Registry) private readonly registry: Registry) {}

  @Get()
  @Header('cache-control', 'no-store')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({
    operationId: 'metrics',
    summary: 'Metrics for Prometheus',
    description: 'For admins, where AUTH is not none.',
  })
  @ApiResponse({
    status: 200,
    description: 'All metrics of this server.',
    content: { 'text/plain': { schema: { type: 'string' }, example: 'job_manager_jobs_queued 0\n' } },
  })
  @DescribeError(
    401,
    'No valid key or token, where AUTH asks for one.',
    'Send a token as "Authorization: Bearer TOKEN".',
  )
  @DescribeError(403, 'A user who is no admin.', 'Metrics are for admins.')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
