import { type FastifyInstance } from 'fastify';
import { API_HEADERS } from '../security-headers.js';

/** Swagger UI has its own scripts, styles and pictures, some of them inline. */
const OF_THE_DOCS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** The console has no script or style that lies not beside it, and speaks with nobody but us. */
const OF_THE_CONSOLE = {
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

function headersFor(url: string): object {
  if (/^\/docs(\/|$)/.test(url)) return OF_THE_DOCS;
  return /^\/console(\/|$)/.test(url) ? OF_THE_CONSOLE : API_HEADERS;
}

/** Tells browsers to trust no answer further than it is meant. */
export function sendSecurityHeaders(instance: FastifyInstance): void {
  instance.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersFor(request.url));
    done();
  });
}
