import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { DescribeBodyErrors, DescribeCommonErrors, JOB_ID_SCHEMA, SOME_JOB } from './answers.docs.js';
import { DescribeJobIdBody } from './body.docs.js';

/** Method: documents `POST /cancel`. */
export function DescribeCancel(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'cancel',
      summary: 'Cancel a job',
      description:
        'Final when it answers: no answer appears from then on, and all processes of the job are ended. ' +
        'To cancel a cancelled job again is no error. Also below /api/job.',
    }),
    DescribeJobIdBody({ required: true }),
    ApiResponse({ status: 200, description: 'The job is cancelled.', schema: JOB_ID_SCHEMA }),
    DescribeError(400, 'There is no such job, or it has finished already.', `There is no job ${SOME_JOB}.`),
    DescribeError(403, "It is somebody else's job.", `Job ${SOME_JOB} is somebody else's.`),
    DescribeBodyErrors(),
    DescribeCommonErrors(),
  );
}
