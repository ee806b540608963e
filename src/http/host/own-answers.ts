import { Logger } from '@nestjs/common';
import { answerFor, type ErrorAnswer, INTERNAL_ERROR } from '../error-answer.js';
import { type OwnRoutes } from './own-routes.js';

/** The answer to a method that one of our paths does not know; undefined where the request is none of our business. */
export function refusalOf(routes: OwnRoutes, method: string, path: string): ErrorAnswer | undefined {
  const methods = routes.methodsAt(path);
  const known = methods.includes('GET') ? [...methods, 'HEAD', 'OPTIONS'] : [...methods, 'OPTIONS'];
  if (methods.length === 0 || known.includes(method)) return undefined;
  return {
    status: 405,
    message: `${method} is not possible here, only ${methods.join(', ')}.`,
    headers: { allow: [...new Set(known)].join(', ') },
  };
}

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
