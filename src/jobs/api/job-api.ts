import { applyDecorators, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CallerGuard } from '../../auth/caller.guard.js';
import { ContractPipe } from '../../http/contract.pipe.js';
import { DescribeError } from '../../http/error-docs.js';
import { ErrorFilter } from '../../http/error.filter.js';
import { RateLimitGuard } from '../../http/rate-limit.js';

/**
 * Class: a controller of the job API. What a host backend would have to set up globally comes with it, and
 * nothing of it touches the host's own controllers.
 */
export function JobApi(): ClassDecorator {
  return applyDecorators(
    UseGuards(CallerGuard, RateLimitGuard),
    UseFilters(ErrorFilter),
    UsePipes(ContractPipe),
    ApiTags('jobs'),
    DescribeError(
      401,
      'No valid key or token, where AUTH asks for one.',
      'Send a token as "Authorization: Bearer TOKEN".',
    ),
    DescribeError(
      429,
      'Too much at once: try again later.',
      'You may send 600 requests a minute, and have sent more. Wait.',
    ),
  );
}
