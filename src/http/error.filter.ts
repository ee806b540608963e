import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type ServerResponse } from 'node:http';
import { answerFor, INTERNAL_ERROR, sendError } from './error-answer.js';

/** Express hands out the response itself, Fastify a reply that holds it. */
type HostResponse = ServerResponse | { readonly raw: ServerResponse };

/**
 * Turns whatever was thrown into a status and `{"error": string}`, on Express and Fastify hosts alike. What
 * the caller can't be told is logged whole and answered blank.
 */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger(ErrorFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<HostResponse>();
    const raw = 'raw' in response ? response.raw : response;
    const known = answerFor(thrown);
    if (known === undefined) {
      const { id: requestId } = http.getRequest<{ readonly id?: unknown }>();
      this.logger.error({ err: thrown, requestId, msg: 'a request failed' });
    }
    if (raw.headersSent) {
      // The status is out: only a broken connection still tells the caller that the body isn't whole.
      raw.destroy();
      return;
    }
    sendError(this.adapterHost.httpAdapter, response, known ?? INTERNAL_ERROR);
  }
}
