import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type IncomingMessage } from 'node:http';
import { type Departure, departureOf } from '../../http/caller-gone.js';
import { type HostRequest, rawRequest } from '../../http/host/unread-body.js';
import { waitPreferredIn } from '../../http/prefer.js';
import { keyIn } from '../idempotency/key-syntax.js';
import { type RunOptions } from '../job.types.js';

/** What a call of `POST /run` says beside its body, and how to answer it. */
export interface RunCall {
  readonly options: RunOptions;
  /** Seconds for which the caller would wait for the end; undefined: for none. */
  readonly wait: number | undefined;
  /** Aborts when the caller's connection is closed. */
  readonly departure: () => Departure;
  /** The host's. */
  readonly response: unknown;
}

/** Parameter: {@link RunCall}; one for all, as each has Nest wait for a promise. Throws DomainError invalid_request. */
export const CallOfRun = createParamDecorator((_data: unknown, context: ExecutionContext): RunCall => {
  const http = context.switchToHttp();
  const request = http.getRequest<HostRequest>();
  const raw = rawRequest(request);
  const { prefer } = raw.headers;
  const idempotencyKey = keyOf(raw);
  return {
    options: idempotencyKey === undefined ? {} : { idempotencyKey },
    wait: waitPreferredIn(Array.isArray(prefer) ? prefer.join(',') : prefer),
    departure: () => departureOf(request),
    response: http.getResponse(),
  };
});

function keyOf(request: IncomingMessage): string | undefined {
  // Node builds the lists of all headers when they are asked for: most requests have no such header.
  if (request.headers['idempotency-key'] === undefined) return undefined;
  return keyIn(request.headersDistinct['idempotency-key'] ?? []);
}
