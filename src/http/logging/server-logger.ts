import { Logger, PinoLogger } from 'nestjs-pino';
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

/**
 * Nest's logger, which writes JSON lines to standard output through pino; the framework's own chatter goes to `debug`.
 */
export class ServerLogger extends Logger {
  private constructor(readonly pino: Pino) {
    const settings = { pinoHttp: { logger: pino } };
    super(new PinoLogger(settings), settings);
  }

  /** @param level pino's, or `silent` */
  static ofLevel(level: string): ServerLogger {
    return new ServerLogger(pino({ level, base: null, serializers: { err: loggedError } }, standardOutput()));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (CHATTY.has(rest.at(-1))) super.debug(message, ...rest);
    else super.log(message, ...rest);
  }

  /** A start that failed is told by the entry point, in one line; Nest would add its stack. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) === 'ExceptionHandler') super.debug(message, ...rest);
    else super.error(message, ...rest);
  }
}
