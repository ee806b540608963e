import { type FastifyInstance } from 'fastify';

/** An answer of an API is nothing to show, frame, guess at or keep (OWASP REST Security Cheat Sheet). */
const OF_THE_API = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

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
    reply.headers(/^\/docs(\/|$)/.test(request.url) ? OF_THE_DOCS : OF_THE_API);
    done();
  });
}
