import { type AbstractHttpAdapter } from '@nestjs/core';
import { type FastifyInstance } from 'fastify';
import { sendError } from '../error-answer.js';
import { API_HEADERS } from '../security-headers.js';
import { refusalOf } from './own-answers.js';
import { type OwnRoutes } from './own-routes.js';
import { leaveUnread, UNREAD_TYPE } from './unread-body.js';

/** Goes before the host's parsers: to be called before its routes are added. */
export function passFastifyParsers(
  adapter: AbstractHttpAdapter,
  { routes, maxBodyBytes }: { readonly routes: OwnRoutes; readonly maxBodyBytes: number },
): void {
  const app = adapter.getInstance<FastifyInstance>();
  // Another job manager in the same host may have added it.
  if (!app.hasContentTypeParser(UNREAD_TYPE)) {
    app.addContentTypeParser(UNREAD_TYPE, (_request, _payload, done) => {
      done(null);
    });
  }
  app.addHook('onRequest', (request, reply, done) => {
    const { method, url, is404 } = request;
    const refusal = is404 ? refusalOf(routes, method, pathOf(url)) : undefined;
    const isOurs = refusal !== undefined || (!is404 && routes.has(method, request.routeOptions.url ?? ''));
    if (isOurs) reply.headers(API_HEADERS);
    if (refusal !== undefined) {
      sendError(adapter, reply, refusal);
      return;
    }
    if (isOurs && method !== 'GET' && method !== 'HEAD') leaveUnread(request.raw, maxBodyBytes);
    done();
  });
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}
