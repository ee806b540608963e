import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { VISIBLE_STATES } from '../../job.types.js';
import { WEBHOOK_STATES } from '../../webhooks/webhook.entity.js';
import { WAIT_RANGE } from '../wait.dto.js';
import { DescribeErrorsOfOneJob, JOB_ID_PARAMETER } from './answers.docs.js';

const TEXT = { type: 'string' } as const;
const UUID = { type: 'string', format: 'uuid' } as const;
const TEXT_OR_NULL = { type: ['string', 'null'] };
const UUID_OR_NULL = { type: ['string', 'null'], format: 'uuid' };
const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' };
const AMOUNT = {
  type: ['number', 'null'],
  minimum: 0,
  description: "Null where the agent's host can't tell.",
};
const INTEGER = { type: 'integer' } as const;

/** What is told of a job. */
export const JOB_PROPERTIES = {
  state: { ...TEXT, enum: [...VISIBLE_STATES] },
  answer_id: {
    ...UUID_OR_NULL,
    description: 'The stored file with what the command wrote to standard output.',
  },
  job_id: UUID,
  name: TEXT_OR_NULL,
  labels: { type: 'object', additionalProperties: TEXT },
  owner: TEXT,
  command: TEXT,
  requires: { type: 'array', items: TEXT, description: 'Labels that its agent must have.' },
  ttl: { ...TEXT_OR_NULL, description: 'Seconds, decimal.' },
  exit_code: { type: ['integer', 'null'] },
  signal: { ...TEXT_OR_NULL, description: 'That ended the command, such as SIGKILL.' },
  reason: { ...TEXT_OR_NULL, description: 'Why the job failed, or why it waits.' },
  stderr_id: { ...UUID_OR_NULL, description: 'The stored file with what it wrote to standard error.' },
  outputs: {
    type: 'array',
    items: {
      type: 'object',
      required: ['path', 'file_id', 'size'],
      properties: { path: TEXT, file_id: UUID, size: { ...INTEGER, description: 'Bytes.' } },
    },
  },
  limits: {
    type: ['object', 'null'],
    description: 'What it may use, defaults included; null: as much as there is.',
    properties: {
      cpu_seconds: INTEGER,
      memory_bytes: INTEGER,
      pids: INTEGER,
      disk_bytes: INTEGER,
      open_files: { ...INTEGER, description: 'Of each process; set by the server.' },
      network: { type: 'boolean' },
    },
  },
  usage: {
    type: ['object', 'null'],
    description:
      'What all processes of the last attempt used together; null where none has come to its end, as of a job that was cancelled.',
    required: ['cpu_seconds', 'peak_memory_bytes', 'written_bytes'],
    properties: {
      cpu_seconds: AMOUNT,
      peak_memory_bytes: AMOUNT,
      written_bytes: { ...AMOUNT, description: 'To files, pipes and standard output; null as above.' },
    },
  },
  webhook: {
    type: ['object', 'null'],
    description: 'Who is told of its end, and how that went; null: nobody.',
    required: ['url', 'state', 'tries', 'last_status', 'last_error', 'next_try_at', 'delivered_at'],
    properties: {
      url: TEXT,
      state: {
        ...TEXT,
        enum: [...WEBHOOK_STATES],
        description: 'waiting: the job has not ended. failed: it was tried for a day, or answered 410.',
      },
      tries: INTEGER,
      last_status: { type: ['integer', 'null'], description: 'Of the last answer.' },
      last_error: { ...TEXT_OR_NULL, description: 'Why the last try did not count.' },
      next_try_at: TIME_OR_NULL,
      delivered_at: TIME_OR_NULL,
    },
  },
  attempt: INTEGER,
  agent: TEXT_OR_NULL,
  created_at: TIME_OR_NULL,
  started_at: TIME_OR_NULL,
  finished_at: TIME_OR_NULL,
  expires_at: TIME_OR_NULL,
};

/** Method: documents `GET /job_info/:job_id`. */
export function DescribeJobInfo(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'jobInfo',
      summary: "Tell a job's state",
      description:
        'With wait, answers as soon as the job has ended, or the seconds are over. Also below /api/job, and as GET /job_info?job_id=….',
    }),
    ApiParam({ name: 'job_id', schema: JOB_ID_PARAMETER }),
    ApiQuery({
      name: 'wait',
      required: false,
      description: 'Seconds for which to wait for the end of the job.',
      schema: { type: 'integer', minimum: WAIT_RANGE.min, maximum: WAIT_RANGE.max, examples: [10] },
    }),
    ApiResponse({
      status: 200,
      description: 'What is known of the job.',
      schema: { type: 'object', required: Object.keys(JOB_PROPERTIES), properties: JOB_PROPERTIES },
    }),
    DescribeError(400, 'The id is no UUID, or wait no such number.', 'job_id must be a UUID.'),
    DescribeErrorsOfOneJob(),
  );
}
