import { type DynamicModule } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AddressInfo } from 'node:net';
import { ErrorFilter } from './http/error.filter.js';
import { ServerAdapter } from './http/fastify/server-adapter.js';
import { ServerLogger } from './http/logging/server-logger.js';

/** What the HTTP side of a server needs to know. */
export interface ServerOptions {
  readonly maxBodyBytes: number;
}

/** A failed start is thrown and told once, by the entry point, not logged here with its stack. */
const NEST_OPTIONS = { bodyParser: false, bufferLogs: true, autoFlushLogs: false, abortOnError: false };

/**
 * The standalone server around a module, not listening yet. Here, and not below, is what concerns a whole
 * application: adapter, global filter, logger.
 *
 * @param module has to import `LoggingModule`
 * @throws what stopped its start; nothing of it is left running then
 */
export async function createServer(
  module: DynamicModule,
  { maxBodyBytes }: ServerOptions,
): Promise<NestFastifyApplication> {
  const adapter = new ServerAdapter({ maxBodyBytes });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares options as a class
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, NEST_OPTIONS);
  app.useLogger(app.get(ServerLogger));
  app.flushLogs();
  app.useGlobalFilters(new ErrorFilter(app.get(HttpAdapterHost)));
  return app;
}

/** Where a caller on this machine reaches what listens at `address`. */
export function urlOf({ address, family, port }: AddressInfo): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `http://${family === 'IPv6' ? `[${reachable}]` : reachable}:${port}`;
}
