import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { DomainError } from '../kernel/errors.js';
import { decodeBody } from './body/decode-body.js';
import { parseForm } from './body/parse-form.js';
import { checkForeignBody } from './body/unsafe-names.js';

/** What Express and Fastify requests have in common. */
interface HostRequest {
  readonly body?: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly url: string;
  readonly originalUrl?: string;
}

/**
 * Parameter: the fields of the request's body, decoded from its bytes, or as a host's own parser decoded it.
 * No body is no fields. Throws DomainError invalid_request where it is no object.
 */
export const RequestBody = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  bodyOf(context.switchToHttp().getRequest<HostRequest>()),
);

/** Parameter: the fields of the query string, decoded strictly. Throws DomainError invalid_request. */
export const RequestQuery = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { originalUrl, url } = context.switchToHttp().getRequest<HostRequest>();
  const full = originalUrl ?? url;
  const start = full.indexOf('?');
  return parseForm(start === -1 ? '' : full.slice(start + 1));
});

function bodyOf({ body, headers }: HostRequest): object {
  const fields = Buffer.isBuffer(body)
    ? decodeBody(body, headers['content-type'] as string | undefined)
    : body;
  if (fields === undefined || fields === null) return {};
  if (typeof fields === 'object' && !Array.isArray(fields)) {
    if (fields === body) checkForeignBody(body);
    return fields;
  }
  throw new DomainError('invalid_request', 'The body must be a JSON object such as {"name": "value"}.');
}
