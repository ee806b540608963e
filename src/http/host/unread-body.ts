import { type IncomingMessage } from 'node:http';
import { readBody } from '../read-body.js';

/** No host parses it, and so the body stays on the line until a controller takes it, past the guards. */
export const UNREAD_TYPE = 'application/x-job-manager-unread';

/** What Express and Fastify requests have in common; Express hands out the request itself. */
export type HostRequest = IncomingMessage | { readonly raw: IncomingMessage };

interface Unread {
  readonly contentType: string | undefined;
  readonly maxBytes: number;
}

const UNREAD = new WeakMap<IncomingMessage, Unread>();

/** Hides a body from the host's parsers: they know neither JSON5 nor what curl calls a form, and answer in their own shape. */
export function leaveUnread(request: IncomingMessage, maxBytes: number): void {
  UNREAD.set(request, { contentType: request.headers['content-type'], maxBytes });
  request.headers['content-type'] = UNREAD_TYPE;
}

/** The request itself, with the content type that it came with. */
export function rawRequest(request: HostRequest): IncomingMessage {
  const raw = 'raw' in request ? request.raw : request;
  const unread = UNREAD.get(raw);
  if (unread !== undefined && raw.headers['content-type'] === UNREAD_TYPE) {
    if (unread.contentType === undefined) delete raw.headers['content-type'];
    else raw.headers['content-type'] = unread.contentType;
  }
  return raw;
}

/** The bytes of a body that was hidden; undefined where none was. Throws DomainError. */
export function hiddenBytes(request: HostRequest): Promise<Buffer> | undefined {
  const raw = rawRequest(request);
  const unread = UNREAD.get(raw);
  if (unread === undefined) return undefined;
  return raw.readableEnded ? Promise.resolve(Buffer.alloc(0)) : readBody(raw, unread.maxBytes);
}
