import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { VISIBLE_STATES } from '../../job.types.js';
import { DescribeCommonErrors } from './answers.docs.js';

const TIME = { type: 'string', format: 'date-time' } as const;
const STATE = { type: 'string', enum: [...VISIBLE_STATES] };

interface Filter {
  readonly description: string;
  readonly schema?: object;
  readonly example: unknown;
}

function filter(
  name: string,
  { description, schema = { type: 'string' }, example }: Filter,
): MethodDecorator {
  return ApiQuery({ name, required: false, description, schema: { ...schema, examples: [example] } });
}

/** Method: documents `GET /list_jobs`. */
export function DescribeListJobs(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'listJobs',
      summary: 'List jobs, newest first',
      description: 'All filters that are given must hold. Also at /api/list_jobs and below /api/job.',
    }),
    filter('state', {
      description: 'Repeat it for several.',
      schema: { type: 'array', items: STATE },
      example: ['queued', 'running'],
    }),
    filter('user', { description: 'Whose jobs.', example: 'alice' }),
    filter('label', {
      description: 'key=value; repeat it for several.',
      schema: { type: 'array', items: { type: 'string' } },
      example: ['project=demo'],
    }),
    filter('created_after', { description: 'ISO 8601.', schema: TIME, example: '2026-01-31T12:00:00Z' }),
    filter('created_before', { description: 'ISO 8601.', schema: TIME, example: '2036-01-31T12:00:00Z' }),
    filter('limit', {
      description: 'Jobs in one answer.',
      schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
      example: 10,
    }),
    filter('page_token', {
      description: 'The next_page_token of the page before.',
      example: '0190a6e0-5b5e-7c3a-9d5f-2f1e8f6f7a10',
    }),
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
