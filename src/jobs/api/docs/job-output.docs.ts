import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { DescribeErrorsOfOneJob, JOB_ID_PARAMETER } from './answers.docs.js';

const EXAMPLE = [
  ': job 01a1f2c4-5d6e-7f80-91a2-b3c4d5e6f708, running',
  'retry: 1000',
  '',
  'event: attempt',
  'id: 1.0.0',
  'data: {"attempt":1,"agent":"agent-0f3a5c7e9b1d"}',
  '',
  'event: stdout',
  'id: 1.6.0',
  'data: hello',
  'data: ',
  '',
  'event: end',
  'id: 1.6.0.end',
  'data: {"state":"succeeded","answer_id":"…"}',
  '',
  '',
].join('\n');

/** Method: documents `GET /job_info/:job_id/output`. */
export function DescribeJobOutput(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'jobOutput',
      summary: 'Follow what a job writes',
      description:
        'Server-sent events, from the first byte to the end of the job: attempt (another one begins, and what follows is of it), stdout and stderr (text as it was written), ' +
        'stdout-base64 and stderr-base64 (bytes that are no UTF-8, or have a carriage return), and end, with all that job_info says, after which the connection is closed. ' +
        'Whoever was cut off sends the id of the last event and goes on with the next byte, at any server.',
    }),
    ApiParam({ name: 'job_id', schema: JOB_ID_PARAMETER }),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'The id of the last event that was received.',
      schema: { type: 'string', pattern: String.raw`^\d+\.\d+\.\d+(\.end)?$`, examples: ['0.0.0'] },
    }),
    ApiResponse({
      status: 200,
      description: 'The events, as they come.',
      content: { 'text/event-stream': { schema: { type: 'string' }, example: EXAMPLE } },
    }),
    ApiResponse({ status: 204, description: 'The last event received was the end: there is nothing more.' }),
    DescribeError(400, 'The id is no UUID, or Last-Event-ID is none of ours.', 'job_id must be a UUID.'),
    DescribeErrorsOfOneJob(),
  );
}
