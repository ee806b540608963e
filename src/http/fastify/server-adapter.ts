import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { type IncomingMessage } from 'node:http';
import { answerFor, INTERNAL_ERROR } from '../error-answer.js';
import { MADE_FOR_US } from '../host/guest-routes.js';
import { readBodiesAsBytes } from './body-parsing.js';
import { answerOddRequests, answerUnparsable } from './broken-requests.js';
import { requestIdOf } from './request-id.js';
import { sendSecurityHeaders } from './security-headers.js';
import { answerUnknownRoute } from './unknown-route.js';

/** Above what load balancers keep idle (60 s), so that it is never we who hang up on a request. */
const KEEP_ALIVE_MS = 72_000;
/** A connection on which nothing moves for so long is dead. Uploads may take as long as they move. */
const SILENCE_MS = 120_000;
/** What a caller gets at shutdown to take the rest of an answer. */
const CLOSE_WITHIN_MS = 5_000;
/** No limit of its own: a URL is as long as Node lets headers be, and a bad id is then a 400, not a 414. */
const MAX_PARAMETER_LENGTH = 65_536;

/**
 * Fastify as the standalone server uses it: bodies arrive as bytes, every error is `{"error": string}`, and
 * each request has an id. Create the application with `bodyParser: false`.
 */
export class ServerAdapter extends FastifyAdapter {
  readonly [MADE_FOR_US] = true;
  private readonly errors = new Logger('Http');

  /** @param options maxBodyBytes: above it a body is answered 413; uploads have no limit */
  constructor({ maxBodyBytes }: { maxBodyBytes: number }) {
    super({
      bodyLimit: maxBodyBytes,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionTimeout: SILENCE_MS,
      return503OnClosing: false,
      http: { requireHostHeader: false },
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
      genReqId: (request: IncomingMessage) => requestIdOf(request),
      clientErrorHandler: answerUnparsable,
      frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
        reply.header('x-request-id', request.id);
        this.answerError(error, reply);
      },
    });
    const instance = this.getInstance();
    instance.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id);
      done();
    });
    sendSecurityHeaders(instance);
    answerOddRequests(instance);
    readBodiesAsBytes(instance, maxBodyBytes);
  }

  /** Nest would set a handler that answers in its own shape. */
  override setNotFoundHandler(): ReturnType<FastifyAdapter['setNotFoundHandler']> {
    return this.getInstance().setNotFoundHandler(answerUnknownRoute);
  }

  override setErrorHandler(): ReturnType<FastifyAdapter['setErrorHandler']> {
    return this.getInstance().setErrorHandler((error: FastifyError, _request, reply) => {
      this.answerError(error, reply);
    });
  }

  /** Waits for answers under way, but not for ever on a caller who doesn't read. */
  override async close(): Promise<void> {
    const timer = setTimeout(() => {
      this.getInstance().server.closeAllConnections();
    }, CLOSE_WITHIN_MS);
    await super.close().finally(() => {
      clearTimeout(timer);
    });
  }

  private answerError(error: FastifyError, reply: FastifyReply): void {
    const known = answerFor(error);
    if (known === undefined) this.errors.error(error);
    const { status, message, headers } = known ?? INTERNAL_ERROR;
    void reply.code(status).headers(headers).send({ error: message });
  }
}
