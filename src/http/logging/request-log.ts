import { RequestMethod } from '@nestjs/common';
import { type Params } from 'nestjs-pino';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { requestIdOf } from '../fastify/request-id.js';

/** Probes, which come every few seconds, and what agents report: several lines a job, all of which the job tells itself. */
const SAYS_NOTHING = /^\/health\/|\/agent-reports\//;

type Request = IncomingMessage & { readonly originalUrl?: string };

/**
 * Settings of the log: JSON lines on standard output, each with the id of the request that it belongs to, and
 * one line per request. No body, header or query string is ever logged: they may hold secrets.
 *
 * @param level pino's, or `silent`
 */
export function requestLog(level: string): Params {
  return {
    forRoutes: [{ path: '{*path}', method: RequestMethod.ALL }],
    pinoHttp: {
      level,
      base: null,
      quietReqLogger: true,
      quietResLogger: true,
      useLevel: 'info',
      customAttributeKeys: { reqId: 'requestId' },
      genReqId: requestIdOf,
      autoLogging: { ignore: (request) => SAYS_NOTHING.test(pathOf(request)) },
      customSuccessMessage: () => 'request',
      customErrorMessage: () => 'request',
      customSuccessObject: (request: Request, response: ServerResponse, { responseTime }: Timed) =>
        lineOf(request, response, responseTime),
      customErrorObject: (
        request: Request,
        response: ServerResponse,
        _error: Error,
        { responseTime }: Timed,
      ) => lineOf(request, response, responseTime),
    },
  };
}

interface Timed {
  readonly responseTime: number;
}

function lineOf(request: Request, response: ServerResponse, milliseconds: number): object {
  const { method } = request;
  const isAborted = !response.writableFinished;
  return {
    method,
    path: pathOf(request),
    status: response.statusCode,
    milliseconds,
    ...(isAborted && { aborted: true }),
  };
}

function pathOf(request: Request): string {
  const [path = ''] = (request.originalUrl ?? request.url ?? '').split('?', 1);
  return path;
}
