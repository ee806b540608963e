import { applyDecorators, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CallerGuard } from '../../auth/caller.guard.js';
import { ContractPipe } from '../../http/contract.pipe.js';
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
  );
}
