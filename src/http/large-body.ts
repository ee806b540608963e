import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { type IncomingMessage } from 'node:http';
import { DomainError } from '../kernel/errors.js';
import { decodeLargeJson } from './body/decode-large-json.js';
import { checkForeignBody } from './body/unsafe-names.js';
import { type HostRequest, rawRequest } from './host/unread-body.js';
import { readBody } from './read-body.js';

/** Marks the Fastify routes of which the body is left unread. */
export const LARGE_BODY = Symbol('LargeBody');

type LargeRequest = HostRequest & { readonly body?: unknown };

/** Method: takes a {@link LargeJson}. */
export function LargeBody(): MethodDecorator {
  return applyDecorators(RouteConfig({ [LARGE_BODY]: true }));
}

/**
 * Parameter, with the most bytes: the fields of a JSON body beyond the server's general limit. It is read only once the
 * guards have let the request pass, so that strangers can't fill the memory; a host with a parser of its own reads it
 * before, within its own limit. Throws DomainError.
 */
export const LargeJson = createParamDecorator(async (maxBytes: number, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<LargeRequest>();
  const { body } = request;
  const isDecoded = body !== undefined && body !== null && !Buffer.isBuffer(body);
  const fields = isDecoded ? body : decodeLargeJson(await bytesOf(request, maxBytes));
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new DomainError('invalid_request', 'The body must be a JSON object.');
  }
  if (isDecoded) checkForeignBody(fields);
  return fields;
});

async function bytesOf(request: LargeRequest, maxBytes: number): Promise<Buffer> {
  if (Buffer.isBuffer(request.body)) return request.body;
  const raw = rawRequest(request);
  // Read to its end already, and nothing in it.
  return raw.readableEnded ? Buffer.alloc(0) : wholeBody(raw, maxBytes);
}

async function wholeBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  try {
    return await readBody(request, maxBytes);
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'invalid_request')) throw error;
    // Not the fault of what was sent: the same again may well arrive.
    throw new DomainError('unavailable', error.message);
  }
}
