import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { requestLog } from './request-log.js';
import { ServerLogger } from './server-logger.js';

/** The standalone server's log. `app.useLogger(app.get(ServerLogger))` sends Nest's own there too. */
@Module({})
export class LoggingModule {
  /** @param level pino's, or `silent` */
  static forRoot(level: string): DynamicModule {
    return {
      module: LoggingModule,
      imports: [LoggerModule.forRoot(requestLog(level))],
      providers: [ServerLogger],
      exports: [ServerLogger],
    };
  }
}
