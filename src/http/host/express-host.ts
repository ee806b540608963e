import { type AbstractHttpAdapter } from '@nestjs/core';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { sendError } from '../error-answer.js';
import { API_HEADERS } from '../security-headers.js';
import { answerOnTheWay, refusalOf } from './own-answers.js';
import { type OwnRoutes } from './own-routes.js';
import { leaveUnread } from './unread-body.js';

interface ExpressRequest extends IncomingMessage {
  readonly method: string;
  readonly path: string;
}

type Next = (error?: unknown) => void;

type Handler = (request: ExpressRequest, response: ServerResponse, next: Next) => void;
/** Express tells them apart by the number of their parameters. */
type ErrorHandler = (...passed: [unknown, ...Parameters<Handler>]) => void;

/** What is used of an Express application. */
interface Express {
  use(handler: Handler | ErrorHandler): void;
}

/** Goes before the host's parsers: to be called before it adds them. */
export function passExpressParsers(
  adapter: AbstractHttpAdapter,
  { routes, maxBodyBytes }: { readonly routes: OwnRoutes; readonly maxBodyBytes: number },
): void {
  const pass: Handler = (request, response, next) => {
    const methods = routes.methodsAt(request.path);
    if (methods.length > 0) {
      for (const [name, value] of Object.entries(API_HEADERS)) response.setHeader(name, value);
    }
    if (methods.includes(request.method) && request.method !== 'GET') leaveUnread(request, maxBodyBytes);
    next();
  };
  adapter.getInstance<Express>().use(pass);
}

/** Goes behind all routes, and before what Nest answers in the host's shape. */
export function answerUnderExpress(adapter: AbstractHttpAdapter, routes: OwnRoutes): void {
  const refuse: Handler = (request, response, next) => {
    const refusal = refusalOf(routes, request.method, request.path);
    if (refusal === undefined) next();
    else sendError(adapter, response, refusal);
  };
  const answer: ErrorHandler = (error, request, response, next) => {
    if (response.headersSent || routes.methodsAt(request.path).length === 0) next(error);
    else sendError(adapter, response, answerOnTheWay(error));
  };
  const app = adapter.getInstance<Express>();
  app.use(refuse);
  app.use(answer);
}
