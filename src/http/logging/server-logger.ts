import { type LoggerService } from '@nestjs/common';
import { pino, type Logger as Pino } from 'pino';
import { loggedError } from './logged-error.js';
import { standardOutput } from './standard-output.js';

/** What Nest tells of its own start: a line per module and route. */
const CHATTY: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Nest's logger, which writes JSON lines to standard output through pino; the framework's own chatter goes to `debug`.
 */
export class ServerLogger implements LoggerService {
  private constructor(readonly pino: Pino) {}

  /** @param level pino's, or `silent` */
  static ofLevel(level: string): ServerLogger {
    return new ServerLogger(pino({ level, base: null, serializers: { err: loggedError } }, standardOutput()));
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(CHATTY.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  /** A start that failed is told by the entry point, in one line; Nest would add its stack. */
  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === 'ExceptionHandler' ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** @param rest Nest's loggers add their context as the last of what they say; a stack may come before it */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const [stack] = rest.slice(0, -1);
    const told = typeof message === 'string' && typeof stack === 'string' ? { err: { stack } } : {};
    const fields = { context: rest.at(-1), ...told, ...fieldsIn(message) };
    this.pino[level](fields, textOf(message, stack));
  }
}

function fieldsIn(message: unknown): object {
  if (message instanceof Error) return { err: message };
  return typeof message === 'object' && message !== null ? message : {};
}

/** Of fields, the sentence that goes with them. */
function textOf(message: unknown, next: unknown): string | undefined {
  const text = typeof message === 'object' ? next : message;
  return typeof text === 'string' ? text : undefined;
}
