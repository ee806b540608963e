import { applyDecorators, UseFilters, UsePipes } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ContractPipe } from '../../http/contract.pipe.js';
import { ErrorFilter } from '../../http/error.filter.js';

/**
 * Class: a controller of the job API. What a host backend would have to set up globally comes with it, and
 * nothing of it touches the host's own controllers.
 */
export function JobApi(): ClassDecorator {
  return applyDecorators(UseFilters(ErrorFilter), UsePipes(ContractPipe), ApiTags('jobs'));
}
