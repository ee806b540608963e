import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { DescribeError } from '../../../http/error-docs.js';
import { MAX_AGENT_LABELS, MAX_LABEL_LENGTH } from '../../../kernel/agent-labels.js';
import {
  LIMIT_RANGES,
  MAX_COMMAND_BYTES,
  MAX_INPUT_FILES,
  MAX_OUTPUT_GLOBS,
  MAX_TTL,
  PRIORITY_RANGE,
  RETRIES_RANGE,
  TIMEOUT_RANGE,
} from '../../job.types.js';
import { MAX_WEBHOOK_LENGTH } from '../../webhooks/webhook.entity.js';
import { WAIT_RANGE } from '../wait.dto.js';
import { JOB_PROPERTIES } from './job-info.docs.js';
import { MAX_KEY_LENGTH } from '../../idempotency/key-syntax.js';
import { DescribeBodyErrors, DescribeCommonErrors, JOB_ID_SCHEMA } from './answers.docs.js';
import { DescribeBody } from './body.docs.js';

const UUID = { type: 'string', format: 'uuid' } as const;
const STRINGS = { type: 'object', additionalProperties: { type: 'string' } } as const;

function integer(description: string, { min, max }: { min: number; max: number }): object {
  return { type: 'integer', minimum: min, maximum: max, description };
}

const RUN_PROPERTIES = {
  command: {
    type: 'string',
    minLength: 1,
    description: `Run by /bin/sh -c. At most ${MAX_COMMAND_BYTES} bytes of UTF-8, without NUL.`,
  },
  binary: {
    ...UUID,
    description: 'A stored file, put into the working directory as an executable: "$BINARY".',
  },
  input_files: {
    type: 'array',
    items: UUID,
    maxItems: MAX_INPUT_FILES,
    description:
      'Stored files, put into the working directory by their UUIDs: "$INPUT_1", … and $INPUT_FILES.',
  },
  ttl: {
    description: `Seconds from now until the job expires, 0 to ${MAX_TTL.toString()}, as a number or decimal string.`,
    oneOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^[0-9]{1,20}$' },
    ],
  },
  output_files: {
    type: 'array',
    items: { type: 'string' },
    maxItems: MAX_OUTPUT_GLOBS,
    description: 'Globs, relative to the working directory, of files to store when the command has ended.',
  },
  env: { ...STRINGS, description: "Variables of the command's environment." },
  name: { type: 'string', minLength: 1, maxLength: 255, description: 'For a person.' },
  labels: { ...STRINGS, description: 'By which jobs can be listed.' },
  timeout: integer('Seconds of run time after which the command is ended.', TIMEOUT_RANGE),
  retries: integer(`Attempts beyond the first, after a lost agent or failed staging.`, RETRIES_RANGE),
  retry_on_failure: { type: 'boolean', description: 'Retry a command that exits non-zero, too.' },
  priority: integer('Higher runs first.', PRIORITY_RANGE),
  requires: {
    type: 'array',
    items: { type: 'string', maxLength: MAX_LABEL_LENGTH },
    maxItems: MAX_AGENT_LABELS,
    description: 'Labels that the agent which runs it must have, such as gpu or zone=a.',
  },
  limits: {
    type: 'object',
    additionalProperties: false,
    description:
      'What it may use, together with all that it starts; a job that meets a limit has failed, and its reason names it. What can not be enforced is refused.',
    properties: {
      cpu_seconds: integer('Seconds of processor time.', LIMIT_RANGES.cpuSeconds),
      memory_bytes: integer('Memory, with what the kernel keeps for it.', LIMIT_RANGES.memoryBytes),
      pids: integer('Processes and threads at once.', LIMIT_RANGES.pids),
      disk_bytes: integer('Of the working directory, and of each file.', LIMIT_RANGES.diskBytes),
      network: {
        type: 'boolean',
        description: 'Whether it may use the network; false needs a sandbox, and is refused without.',
      },
    },
    example: { cpu_seconds: 60, memory_bytes: 268_435_456 },
  },
  webhook: {
    type: 'string',
    format: 'uri',
    maxLength: MAX_WEBHOOK_LENGTH,
    description: 'http or https URL that is told of its end by a POST, as Standard Webhooks has it.',
  },
};

const RUN_EXAMPLES = {
  command: { summary: 'A command', value: { command: 'uname -a | wc -l' } },
  more: {
    summary: 'More of it',
    value: {
      command: 'echo "$GREETING" > greeting.txt',
      env: { GREETING: 'Hello' },
      output_files: ['*.txt'],
      name: 'greet',
      labels: { project: 'demo' },
      ttl: '3600',
      timeout: 60,
      retries: 1,
    },
  },
};

/** Method: documents `POST /run`. */
export function DescribeRun(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'run',
      summary: 'Start a job',
      description: 'Queues a shell command. Also below /api/job. JSON counts under any content type.',
    }),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: `"wait=SECONDS", up to ${WAIT_RANGE.max}: answer when the job has ended, or they are over, with all that job_info says (RFC 7240).`,
      schema: { type: 'string', examples: ['wait=10'] },
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Chosen by you, for this request alone: sent again with the same key and body, it starts no second job and is answered with the id of the first.',
      schema: { type: 'string', minLength: 1, maxLength: MAX_KEY_LENGTH, pattern: '^[ -~]+$' },
    }),
    DescribeBody({
      required: true,
      schema: {
        type: 'object',
        required: ['command'],
        additionalProperties: false,
        properties: RUN_PROPERTIES,
      },
      examples: RUN_EXAMPLES,
      objects: ['env', 'labels', 'limits'],
    }),
    ApiResponse({
      status: 201,
      description:
        'The job is accepted and will run; or it was before, under this Idempotency-Key; or it has run, where that was preferred.',
      headers: {
        'Preference-Applied': {
          description: 'How long it was waited at the most; there where more than the id is told.',
          schema: { type: 'string' },
        },
      },
      schema: { ...JOB_ID_SCHEMA, properties: { ...JOB_PROPERTIES, ...JOB_ID_SCHEMA.properties } },
    }),
    DescribeError(400, 'Something in the body is wrong.', 'command is missing; "comand" is unknown.'),
    DescribeBodyErrors(),
    DescribeCommonErrors(),
  );
}
