import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { LARGE_BODY } from '../large-body.js';
import { readBody } from '../read-body.js';

/**
 * Hands controllers the body as bytes, whatever its content type says: no request is answered 415. A body
 * sent to `POST …/files` stays unread on the raw request, for the upload to stream, and that of a route with
 * `@LargeBody()` for it to read once the guards have let it pass.
 */
export function readBodiesAsBytes(instance: FastifyInstance, maxBytes: number): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', async (request: FastifyRequest) =>
    isUpload(request) || isLargeBody(request) ? undefined : await readBody(request.raw, maxBytes),
  );
  instance.addHook('onRequest', (request, _reply, done) => {
    tameContentType(request);
    done();
  });
}

function isUpload(request: FastifyRequest): boolean {
  // By the route, not by the URL: that may spell the path with escapes.
  return request.method === 'POST' && request.routeOptions.url?.endsWith('/files') === true;
}

function isLargeBody(request: FastifyRequest): boolean {
  const config: object = request.routeOptions.config;
  return LARGE_BODY in config;
}

const FORM = 'application/x-www-form-urlencoded';

/** Fastify answers 415 where this header is malformed; but for uploads, only "it is a form" matters. */
function tameContentType(request: FastifyRequest): void {
  const { headers } = request.raw;
  const type = headers['content-type'];
  if (request.method === 'QUERY') {
    // Without one it would be a 400, with one and a known path it is a 405 like any other method.
    headers['content-type'] = 'application/octet-stream';
    return;
  }
  if (type === undefined) return;
  const isForm = type.trim().toLowerCase().split(';', 1)[0]?.trim() === FORM;
  const isMultipart = /^multipart\/form-data\s*;/i.test(type);
  if (isForm) headers['content-type'] = FORM;
  // Not deleted: an object that has lost a property is a slow one.
  else if (!isMultipart || !isUpload(request)) headers['content-type'] = undefined;
}
