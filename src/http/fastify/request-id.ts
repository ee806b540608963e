import { randomUUID } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

/** What may stand in a log and a header as it came. */
const SANE = /^[\w.:-]{1,128}$/;

/** The caller's own `X-Request-Id` if it is sane, else a new one. The same request always has the same. */
export function requestIdOf(request: IncomingMessage & { id?: unknown }): string {
  if (typeof request.id === 'string') return request.id;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && SANE.test(given) ? given : randomUUID();
  request.id = id;
  return id;
}
