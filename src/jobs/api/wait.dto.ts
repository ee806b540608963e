import { applyDecorators } from '@nestjs/common';
import { Given } from '../../http/given.js';
import { MayBeAbsent, Must } from '../../http/must.js';
import { JobIdDto } from './job-id.dto.js';
import { asInteger, integerRule } from './rules/number.rules.js';

/** Seconds for which a request may wait for the end of a job. */
export const WAIT_RANGE = { min: 0, max: 60 } as const;

/** Query parameter: how long to wait. */
function Wait(): PropertyDecorator {
  return applyDecorators(MayBeAbsent(), Given(asInteger), Must(integerRule(WAIT_RANGE)));
}

/** The query string of `GET /job_info/:job_id`. */
export class WaitDto {
  @Wait()
  wait?: number;
}

/** The query string of `GET /job_info`. */
export class JobIdAndWaitDto extends JobIdDto {
  @Wait()
  wait?: number;
}
