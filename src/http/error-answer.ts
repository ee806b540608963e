import { HttpException, HttpStatus } from '@nestjs/common';
import { type AbstractHttpAdapter } from '@nestjs/core';
import { DomainError, type ErrorCode } from '../kernel/errors.js';

/** What goes on the wire for a failure. */
export interface ErrorAnswer {
  readonly status: number;
  /** One string for the caller. */
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const INTERNAL_ERROR: ErrorAnswer = {
  status: HttpStatus.INTERNAL_SERVER_ERROR,
  message: 'Internal error',
  headers: {},
};

/** Writes an answer through a host's adapter, whichever framework that drives. Headers that are set already stay. */
export function sendError(
  adapter: AbstractHttpAdapter,
  response: unknown,
  { status, message, headers }: ErrorAnswer,
): void {
  for (const [name, value] of Object.entries(headers)) {
    // A guard of the host's that refused knows better when to come again.
    if (adapter.getHeader(response, name) === undefined) adapter.setHeader(response, name, value);
  }
  adapter.reply(response, { error: message }, status);
}

const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  invalid_request: HttpStatus.BAD_REQUEST,
  unauthenticated: HttpStatus.UNAUTHORIZED,
  forbidden: HttpStatus.FORBIDDEN,
  not_found: HttpStatus.NOT_FOUND,
  method_not_allowed: HttpStatus.METHOD_NOT_ALLOWED,
  gone: HttpStatus.GONE,
  too_slow: HttpStatus.REQUEST_TIMEOUT,
  too_large: HttpStatus.PAYLOAD_TOO_LARGE,
  range_not_satisfiable: HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
  too_many_requests: HttpStatus.TOO_MANY_REQUESTS,
  unavailable: HttpStatus.SERVICE_UNAVAILABLE,
};

const DEFAULT_RETRY_SECONDS = 1;
const BAD_URL = 'The path of the URL has a percent sign that starts no valid UTF-8 escape.';

/** The answer for anything that was thrown; undefined where the cause is ours and must stay inside. */
export function answerFor(thrown: unknown): ErrorAnswer | undefined {
  if (thrown instanceof DomainError) {
    return answer(STATUS_OF[thrown.code], thrown.message, thrown.retryAfterSeconds);
  }
  if (thrown instanceof HttpException) return fromHttpException(thrown);
  return fromFramework(thrown);
}

function answer(status: number, message: string, retryAfterSeconds = DEFAULT_RETRY_SECONDS): ErrorAnswer {
  const headers: Record<string, string> = {};
  // What is still to come of its body would be taken for the next request.
  if (status === 408) headers.connection = 'close';
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503 || status === 429)
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterSeconds)));
  return { status, message, headers };
}

function fromHttpException(exception: HttpException): ErrorAnswer | undefined {
  const status = exception.getStatus();
  return status === 500 ? undefined : answer(status, messageIn(exception.getResponse()) ?? exception.message);
}

function messageIn(response: string | object): string | undefined {
  if (typeof response === 'string') return response;
  const message: unknown = Reflect.get(response, 'message') ?? Reflect.get(response, 'error');
  if (Array.isArray(message)) return message.map(String).join('; ');
  return typeof message === 'string' ? message : undefined;
}

/** Fastify's own errors (`FST_…`) and those of Express middleware (`expose`), where they blame the caller. */
function fromFramework(thrown: unknown): ErrorAnswer | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { statusCode, code, expose } = thrown as { statusCode?: unknown; code?: unknown; expose?: unknown };
  const isTheirs = expose === true || (typeof code === 'string' && code.startsWith('FST_'));
  const blamesCaller = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  if (!isTheirs || !blamesCaller) return undefined;
  return answer(statusCode, code === 'FST_ERR_BAD_URL' ? BAD_URL : thrown.message);
}
