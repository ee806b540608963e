import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds after which to try again.',
    schema: { type: 'integer', minimum: 1 },
  },
};

/** Method or class: documents a failure, which always has the same shape. `error` is an example of what is said. */
export function DescribeError(
  status: number,
  description: string,
  error: string,
): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiResponse({
      status,
      description,
      schema: {
        type: 'object',
        required: ['error'],
        properties: { error: { type: 'string', description: 'What is wrong, for a person.' } },
        example: { error },
      },
      ...((status === 503 || status === 429) && { headers: RETRY_AFTER }),
    }),
  );
}
