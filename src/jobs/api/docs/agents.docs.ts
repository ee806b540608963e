import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { DescribeCommonErrors } from './answers.docs.js';

const TEXT = { type: 'string' } as const;

const AGENT_PROPERTIES = {
  name: TEXT,
  labels: { type: 'array', items: TEXT, description: 'What jobs may require.' },
  concurrency: { type: 'integer', minimum: 1, description: 'Jobs at once.' },
  running_jobs: {
    type: 'array',
    items: { type: 'string', format: 'uuid' },
    description: 'Your jobs that it holds.',
  },
  seen_at: { type: 'string', format: 'date-time', description: 'Its last sign of life.' },
};

/** Method: documents `GET /agents`. */
export function DescribeAgents(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'agents',
      summary: 'List the agents that are alive',
      description: 'Those that gave a sign of life within AGENT_LOST_SECONDS, by name.',
    }),
    ApiResponse({
      status: 200,
      description: 'The live agents.',
      schema: {
        type: 'object',
        required: ['agents'],
        properties: {
          agents: {
            type: 'array',
            items: {
              type: 'object',
              required: Object.keys(AGENT_PROPERTIES),
              properties: AGENT_PROPERTIES,
            },
          },
        },
      },
    }),
    DescribeCommonErrors(),
  );
}
