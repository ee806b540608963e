import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import {
  DescribeBodyErrors,
  DescribeCommonErrors,
  JOB_ID_PARAMETER,
  JOB_ID_SCHEMA,
  SOME_JOB,
} from './answers.docs.js';
import { DescribeJobIdBody } from './body.docs.js';

/** Method: documents `DELETE /delete`. */
export function DescribeDelete(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'delete',
      summary: 'Delete a job',
      description:
        'Cancels it first if need be; then its record, its answer and its outputs are removed, never its inputs. ' +
        'Also DELETE /cancel, and both below /api/job.',
    }),
    DescribeJobIdBody({ required: false }),
    ApiQuery({
      name: 'job_id',
      required: false,
      description: 'Instead of the body, which some proxies drop.',
      schema: JOB_ID_PARAMETER,
    }),
    ApiResponse({ status: 200, description: 'The job is gone.', schema: JOB_ID_SCHEMA }),
    DescribeError(400, 'There is no such job, or it is gone already.', `There is no job ${SOME_JOB}.`),
    DescribeError(403, "It is somebody else's job.", `Job ${SOME_JOB} is somebody else's.`),
    DescribeBodyErrors(),
    DescribeCommonErrors(),
  );
}
