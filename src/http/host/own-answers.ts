import { Logger } from '@nestjs/common';
import { answerFor, type ErrorAnswer, INTERNAL_ERROR } from '../error-answer.js';
import { type OwnRoutes } from './own-routes.js';

/** The answer to what no route has taken; undefined where it is none of our business. */
export function refusalOf(routes: OwnRoutes, method: string, path: string): ErrorAnswer | undefined {
  const methods = routes.methodsAt(path);
  if (methods.length === 0) return routes.isBelowBase(path) ? NO_ROUTE : undefined;
  const known = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
  // A route of this very method that passed the request on has found nothing there; OPTIONS are for the host to answer.
  if (known.includes(method)) return undefined;
  return {
    status: 405,
    message: `${method} is not possible here, only ${methods.join(', ')}.`,
    headers: { allow: [...new Set(known)].join(', ') },
  };
}

const NO_ROUTE: ErrorAnswer = { status: 404, message: 'The job manager has no such route.', headers: {} };

const logger = new Logger('JobManager');

/** The answer to what was thrown on the way to one of our routes. */
export function answerOnTheWay(thrown: unknown): ErrorAnswer {
  const known = thrown instanceof URIError ? BAD_ESCAPE : answerFor(thrown);
  if (known === undefined) logger.error(thrown);
  return known ?? INTERNAL_ERROR;
}

const BAD_ESCAPE: ErrorAnswer = {
  status: 400,
  message: 'The path of the URL has a percent sign that starts no valid UTF-8 escape.',
  headers: {},
};
