import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type IncomingMessage } from 'node:http';
import { type HostRequest, rawRequest } from '../../http/host/unread-body.js';
import { waitPreferredIn } from '../../http/prefer.js';
import { keyIn } from '../idempotency/key-syntax.js';
import { type RunOptions } from '../job.types.js';

/** What the headers of `POST /run` say. */
export interface RunHeaders {
  readonly options: RunOptions;
  /** Seconds for which the caller would wait for the end; undefined: for none. */
  readonly wait: number | undefined;
}

/** Parameter: {@link RunHeaders}. Throws DomainError invalid_request. */
export const HeadersOfRun = createParamDecorator((_data: unknown, context: ExecutionContext): RunHeaders => {
  const request = rawRequest(context.switchToHttp().getRequest<HostRequest>());
  const { prefer } = request.headers;
  const idempotencyKey = keyOf(request);
  return {
    options: idempotencyKey === undefined ? {} : { idempotencyKey },
    wait: waitPreferredIn(Array.isArray(prefer) ? prefer.join(',') : prefer),
  };
});

function keyOf(request: IncomingMessage): string | undefined {
  // Node builds the lists of all headers when they are asked for: most requests have no such header.
  if (request.headers['idempotency-key'] === undefined) return undefined;
  return keyIn(request.headersDistinct['idempotency-key'] ?? []);
}
