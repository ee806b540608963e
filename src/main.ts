#!/usr/bin/env node
import { Logger } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { isWeakSecret } from './config/auth.settings.js';
import { type AppConfig, loadConfig } from './config/config.js';
import { describeConfig } from './config/describe-config.js';
import { readEnvironment } from './config/environment.js';
import { loadTracingConfig } from './config/tracing.settings.js';
import { setupConsole } from './http/console.js';
import { setupDocs } from './http/docs.js';
import { configured, live } from './process-life.js';
import { createServer, urlOf } from './server.js';
import { tracing } from './tracing/export-traces.js';

async function listen(config: AppConfig): Promise<NestFastifyApplication> {
  const server = await createServer(AppModule.forRoot(config), {
    ...config,
    isTraced: endpoint !== undefined,
  });
  setupDocs(server);
  setupConsole(server);
  const logger = new Logger('Server');
  logger.log({ settings: describeConfig(config), msg: 'settings' });
  if (isWeakSecret(config.jwtSecret))
    logger.warn('JWT_SECRET has fewer than 32 bytes: whoever guesses it is whoever they like');
  await server.listen(config.port, config.host).catch(async (error: unknown) => {
    await server.close().catch(() => undefined);
    throw error;
  });
  const url = urlOf(server.getHttpServer().address() as AddressInfo);
  logger.log({ url, msg: 'listening' });
  return server;
}

const environment = configured(() => readEnvironment(process.env));
const config = configured(() => loadConfig(environment));
const { otelExporterOtlpEndpoint: endpoint } = configured(() => loadTracingConfig(environment));
await live({
  name: 'Server',
  start: () => tracing({ endpoint, service: 'job-manager' }, () => listen(config)),
  complaint: `The server can't start at ${config.host}:${config.port}`,
});
