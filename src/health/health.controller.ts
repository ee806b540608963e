import { Controller, Get, Header, Inject, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { DescribeError } from '../http/error-docs.js';
import { ErrorFilter } from '../http/error.filter.js';
import { type ReadinessCheck } from './readiness-check.port.js';

/** Token of the list of {@link ReadinessCheck}. */
export const READINESS_CHECKS = Symbol('READINESS_CHECKS');

interface Health {
  readonly status: 'ok';
}

const OK_SCHEMA = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', enum: ['ok'] } },
};

/** Tells whoever watches over the service whether it lives, and whether it can take jobs. */
@ApiTags('health')
@DescribeError(400, 'The request is not HTTP as it should be.', 'The request is not valid HTTP.')
@UseFilters(ErrorFilter)
@Controller('health')
export class HealthController {
  constructor(@Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[]) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'live', summary: 'Is the process alive?' })
  @ApiResponse({ status: 200, description: 'It is.', schema: OK_SCHEMA })
  live(): Health {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'ready', summary: 'Can jobs be accepted?' })
  @ApiResponse({ status: 200, description: 'They can.', schema: OK_SCHEMA })
  @DescribeError(503, 'Not now.', 'The database is not reachable; try again in a moment.')
  async ready(): Promise<Health> {
    await Promise.all(this.checks.map((each) => each.check()));
    return { status: 'ok' };
  }
}
