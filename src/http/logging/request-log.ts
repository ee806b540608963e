import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { type ServerResponse } from 'node:http';
import { type Logger } from 'pino';

/** Probes, which come every few seconds, and what agents report: several lines a job, all of which the job tells itself. */
const SAYS_NOTHING = /^\/health\/|^\/metrics$|\/agent-reports\//;

/**
 * Logs a line for each request. No body, header or query string is ever logged:
 * they may hold secrets.
 */
export function logRequests(instance: FastifyInstance, logger: Logger): void {
  instance.addHook('onRequest', (request, reply, done) => {
    const start = Date.now();
    const path = pathOf(request);
    if (!SAYS_NOTHING.test(path)) {
      reply.raw.once('close', () => {
        logger.info(lineOf(request, reply.raw, { path, milliseconds: Date.now() - start }), 'request');
      });
    }
    done();
  });
}

function lineOf(
  { id, method }: FastifyRequest,
  response: ServerResponse,
  { path, milliseconds }: { path: string; milliseconds: number },
): object {
  const line = { requestId: id, method, path, status: response.statusCode, milliseconds };
  return response.writableFinished ? line : { ...line, aborted: true };
}

function pathOf({ originalUrl }: FastifyRequest): string {
  const query = originalUrl.indexOf('?');
  return query === -1 ? originalUrl : originalUrl.slice(0, query);
}
