import { QueryFailedError } from 'typeorm';
import { DomainError, messageOf } from '../kernel/errors.js';

/** Codes of mysql2, Node and SQLite that mean "not now": the statement may succeed once it is back. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT', // a socket path that is gone
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'PROTOCOL_ENQUEUE_AFTER_QUIT',
  'POOL_CLOSED',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_HOST_IS_BLOCKED',
  'ER_STATEMENT_TIMEOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_QUERY_INTERRUPTED',
  'ER_CONNECTION_KILLED',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_LOCK_DEADLOCK',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_DISK_FULL',
  'SQLITE_BUSY',
  'SQLITE_FULL',
  'SQLITE_CANTOPEN',
  'EMFILE',
  'ENFILE',
  'SQLITE_LOCKED',
]);

const PASSING_TEXT =
  /closed state|Pool is closed|Connection lost|is not established|server has gone away|shutdown in progress|disk I\/O error|database or disk is full/i;

/** SQLite's words, and those of MySQL and of MariaDB. */
const DISK_FULL = /\bdisk(?: is)? full\b|\bno space left on device\b/i;

const RETRY_AFTER_SECONDS = 2;
/** Also of those that wait for a connection of the pool. */
const LONGEST_MS = 10_000;

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Whether the database is away for now, as opposed to a statement that is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error)) return false;
  const code = codeOf(cause);
  return PASSING.has(code) || code.startsWith('SQLITE_IOERR') || PASSING_TEXT.test(cause.message);
}

/** One that comes later than that may still be done; so may one whose answer was lost on the way. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    }, LONGEST_MS);
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

/** As {@link tellingFailures}; a database that does not answer in time is away as well. */
export function reachingDatabase<T>(statement: () => Promise<T>): Promise<T> {
  return tellingFailures(() => inTime(statement()));
}

/**
 * Runs a statement; a database that is away becomes `DomainError('unavailable')`, one that takes no statement of that length
 * `DomainError('too_large')`, any other fault is thrown on.
 */
export async function tellingFailures<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    if (codeOf(error) === 'ER_NET_PACKET_TOO_LARGE') throw tooLarge(error);
    if (!isDatabaseAway(error)) throw error;
    const message = DISK_FULL.test(messageOf(error))
      ? 'The disk of the database is full. Try again once it has room.'
      : 'The database can not be reached. Try again shortly.';
    throw new DomainError('unavailable', message, RETRY_AFTER_SECONDS, { cause: error });
  }
}

function tooLarge(cause: unknown): DomainError {
  const message = 'That is more than the database takes at once (max_allowed_packet).';
  return new DomainError('too_large', message, undefined, { cause });
}
