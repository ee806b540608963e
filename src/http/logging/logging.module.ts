import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { requestLog } from './request-log.js';

/** Logs the requests of the standalone server, and ties what is logged meanwhile to them. */
@Module({})
export class LoggingModule {
  /** @param level pino's, or `silent` */
  static forRoot(level: string): DynamicModule {
    return { module: LoggingModule, imports: [LoggerModule.forRoot(requestLog(level))] };
  }
}
