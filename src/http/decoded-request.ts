import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { DomainError } from '../kernel/errors.js';
import { decodeBody } from './body/decode-body.js';
import { parseForm } from './body/parse-form.js';
import { checkForeignBody } from './body/unsafe-names.js';
import { hiddenBytes, type HostRequest, rawRequest } from './host/unread-body.js';

/** What Express and Fastify requests have in common. */
type DecodedRequest = HostRequest & {
  readonly body?: unknown;
  readonly url: string;
  readonly originalUrl?: string;
};

/**
 * Parameter: the fields of the request's body, decoded from its bytes, or as a host's own parser decoded it.
 * No body is no fields. Throws DomainError invalid_request where it is no object.
 */
export const RequestBody = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  bodyOf(context.switchToHttp().getRequest<DecodedRequest>()),
);

/** Parameter: the fields of the query string, decoded strictly. Throws DomainError invalid_request. */
export const RequestQuery = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { originalUrl, url } = context.switchToHttp().getRequest<DecodedRequest>();
  const full = originalUrl ?? url;
  const start = full.indexOf('?');
  return parseForm(start === -1 ? '' : full.slice(start + 1));
});

function bodyOf(request: DecodedRequest): object | Promise<object> {
  const { body } = request;
  const hidden = body === undefined ? hiddenBytes(request) : undefined;
  const type = rawRequest(request).headers['content-type'];
  if (hidden !== undefined) return hidden.then((bytes) => fieldsIn(decodeBody(bytes, type)));
  if (Buffer.isBuffer(body)) return fieldsIn(decodeBody(body, type));
  const fields = fieldsIn(body);
  checkForeignBody(fields);
  return fields;
}

function fieldsIn(decoded: unknown): object {
  if (decoded === undefined || decoded === null) return {};
  if (typeof decoded === 'object' && !Array.isArray(decoded)) return decoded;
  throw new DomainError('invalid_request', 'The body must be a JSON object such as {"name": "value"}.');
}
