import { type DynamicModule } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AddressInfo } from 'node:net';
import { ErrorFilter } from './http/error.filter.js';
import { ServerAdapter } from './http/fastify/server-adapter.js';
import { logRequests } from './http/logging/request-log.js';
import { ServerLogger } from './http/logging/server-logger.js';
import { traceRequests } from './tracing/http-spans.js';

/** What the HTTP side of a server needs to know. */
export interface ServerOptions {
  /** Above it a body is answered 413; uploads have no limit. */
  readonly maxBodyBytes: number;
  /** Pino's, or `silent`. */
  readonly logLevel: string;
  /** Whether a span is made of each request. */
  readonly isTraced: boolean;
}

/**
 * The standalone server around a module, not listening yet. Here, and not below, is what concerns a whole
 * application: adapter, global filter, logger.
 *
 * @throws what stopped its start; nothing of it is left running then
 */
export async function createServer(
  module: DynamicModule,
  { maxBodyBytes, logLevel, isTraced }: ServerOptions,
): Promise<NestFastifyApplication> {
  const adapter = new ServerAdapter({ maxBodyBytes });
  const logger = ServerLogger.ofLevel(logLevel);
  logRequests(adapter.getInstance(), logger.pino);
  if (isTraced) traceRequests(adapter.getInstance());

  const options = { bodyParser: false, abortOnError: false, logger };
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  app.useGlobalFilters(new ErrorFilter(app.get(HttpAdapterHost)));
  return app;
}

/** Where a caller on this machine reaches what listens at `address`. */
export function urlOf({ address, family, port }: AddressInfo): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return `http://${family === 'IPv6' ? `[${reachable}]` : reachable}:${port}`;
}
