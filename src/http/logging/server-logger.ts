import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** What Nest tells of its own start: a line per module and route. */
const CHATTY: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** Nest's logger, which writes through pino; the framework's own chatter goes to `debug`. */
@Injectable()
export class ServerLogger extends Logger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (CHATTY.has(rest.at(-1))) super.debug(message, ...rest);
    else super.log(message, ...rest);
  }
}
