import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { JOB_EVENT_TYPES } from '../../job.events.js';
import { DescribeErrorsOfOneJob, JOB_ID_PARAMETER } from './answers.docs.js';

const EVENT_PROPERTIES = {
  at: { type: 'string', format: 'date-time' },
  type: { type: 'string', enum: [...JOB_EVENT_TYPES] },
  attempt: { type: ['integer', 'null'], minimum: 1 },
  agent: { type: ['string', 'null'] },
  message: { type: 'string', description: 'In words for a person.' },
};

/** Method: documents `GET /job_info/:job_id/events`. */
export function DescribeJobEvents(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'jobEvents',
      summary: 'Tell what happened to a job',
      description:
        'From its acceptance to its end, with the attempts that came to nothing, in the order in which it happened; of these the last hundred.',
    }),
    ApiParam({ name: 'job_id', schema: JOB_ID_PARAMETER }),
    ApiResponse({
      status: 200,
      description: 'What happened until now.',
      schema: {
        type: 'object',
        required: ['events'],
        properties: {
          events: {
            type: 'array',
            items: { type: 'object', required: Object.keys(EVENT_PROPERTIES), properties: EVENT_PROPERTIES },
          },
        },
      },
    }),
    DescribeError(400, 'The id is no UUID.', 'job_id must be a UUID.'),
    DescribeErrorsOfOneJob(),
  );
}
