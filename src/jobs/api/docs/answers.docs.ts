import { applyDecorators } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';

/** An id for examples. */
export const SOME_JOB = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';

/** A job's id as a parameter: Swagger UI fills in `example` by itself, but not `examples`. */
export const JOB_ID_PARAMETER = { type: 'string', format: 'uuid', examples: [SOME_JOB] };

/** What an answer with a job's id looks like. */
export const JOB_ID_SCHEMA = {
  type: 'object',
  required: ['job_id'],
  properties: { job_id: { type: 'string', format: 'uuid', example: SOME_JOB } },
};

/** Method: another way to make a call that is documented already. */
export function DescribeAlias(): MethodDecorator {
  return ApiExcludeEndpoint();
}

/** Method: documents what can go wrong with every call. */
export function DescribeCommonErrors(): MethodDecorator {
  return applyDecorators(
    DescribeError(500, 'Our fault; the log tells more.', 'Internal error'),
    DescribeError(503, 'Not now: try again later.', 'The database can not be reached. Try again shortly.'),
  );
}

/** Method: documents what can go wrong with a call that tells of one job, its wrong parameters aside. */
export function DescribeErrorsOfOneJob(): MethodDecorator {
  return applyDecorators(
    DescribeError(
      404,
      'There never was such a job, or it is not yours to see.',
      `There is no job ${SOME_JOB}.`,
    ),
    DescribeError(410, 'The job was deleted or has expired.', `Job ${SOME_JOB} has expired.`),
    DescribeCommonErrors(),
  );
}

/** Method: documents what can go wrong with a call that has a body. */
export function DescribeBodyErrors(): MethodDecorator {
  return applyDecorators(
    DescribeError(408, 'The body took too long to arrive.', 'The body did not arrive in time.'),
    DescribeError(413, 'The body is too large.', 'The body is larger than 1048576 bytes.'),
  );
}
