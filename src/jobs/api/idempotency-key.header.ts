import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type HostRequest, rawRequest } from '../../http/host/unread-body.js';
import { keyIn } from '../idempotency/key-syntax.js';

/** Parameter: the key that the caller has given the request; undefined where he gave none. Throws DomainError invalid_request. */
export const IdempotencyKey = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const request = rawRequest(context.switchToHttp().getRequest<HostRequest>());
  // Node builds the lists of all headers when they are asked for: most requests have no such header.
  if (request.headers['idempotency-key'] === undefined) return undefined;
  return keyIn(request.headersDistinct['idempotency-key'] ?? []);
});
