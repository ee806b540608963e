import { type FastifyInstance } from 'fastify';
import { API_HEADERS } from '../security-headers.js';

/** Swagger UI has its own scripts, styles and pictures, some of them inline. */
const OF_THE_DOCS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** Tells browsers to trust no answer further than it is meant. */
export function sendSecurityHeaders(instance: FastifyInstance): void {
  instance.addHook('onRequest', (request, reply, done) => {
    reply.headers(/^\/docs(\/|$)/.test(request.url) ? OF_THE_DOCS : API_HEADERS);
    done();
  });
}
