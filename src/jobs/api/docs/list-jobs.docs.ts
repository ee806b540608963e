import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { VISIBLE_STATES } from '../../job.types.js';
import { DescribeCommonErrors } from './answers.docs.js';

const TIME = { type: 'string', format: 'date-time' } as const;
const STATE = { type: 'string', enum: [...VISIBLE_STATES] };

function filter(name: string, description: string, schema: object = { type: 'string' }): MethodDecorator {
  return ApiQuery({ name, required: false, description, schema });
}

/** Method: documents `GET /list_jobs`. */
export function DescribeListJobs(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'listJobs',
      summary: 'List jobs, newest first',
      description: 'All filters that are given must hold. Also at /api/list_jobs and below /api/job.',
    }),
    filter('state', 'Repeat it for several.', { type: 'array', items: STATE }),
    filter('user', 'Whose jobs.'),
    filter('label', 'key=value; repeat it for several.', { type: 'array', items: { type: 'string' } }),
    filter('created_after', 'ISO 8601.', TIME),
    filter('created_before', 'ISO 8601.', TIME),
    filter('limit', 'Jobs in one answer.', { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }),
    filter('page_token', 'The next_page_token of the page before.'),
    ApiResponse({
      status: 200,
      description: 'One page of ids.',
      schema: {
        type: 'object',
        required: ['job_ids', 'next_page_token'],
        properties: {
          job_ids: { type: 'array', items: { type: 'string', format: 'uuid' } },
          next_page_token: { type: ['string', 'null'], description: 'Null on the last page.' },
        },
      },
    }),
    DescribeError(400, 'A filter is wrong or unknown.', 'limit must be a whole number from 1 to 1000.'),
    DescribeError(403, "A filter asks for somebody else's jobs.", 'You may list your own jobs only.'),
    DescribeCommonErrors(),
  );
}
