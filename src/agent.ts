#!/usr/bin/env node
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AgentProcessModule } from './agent-process.module.js';
import { type AgentConfig, loadAgentConfig } from './config/agent-config.js';
import { describeConfig } from './config/describe-config.js';
import { readEnvironment } from './config/environment.js';
import { loadTracingConfig } from './config/tracing.settings.js';
import { ServerLogger } from './http/logging/server-logger.js';
import { configured, live } from './process-life.js';
import { tracing } from './tracing/export-traces.js';

const environment = configured(() => readEnvironment(process.env));
const config = configured(() => loadAgentConfig(environment));
const { otelExporterOtlpEndpoint: endpoint } = configured(() => loadTracingConfig(environment));

async function start(settings: AgentConfig): Promise<INestApplicationContext> {
  const logger = ServerLogger.ofLevel(settings.logLevel);
  Logger.overrideLogger(logger);
  new Logger('Agent').log({ settings: describeConfig(settings), msg: 'settings' });
  if (environment.DATABASE_URL !== undefined) {
    new Logger('Agent').warn(
      'DATABASE_URL is set, which no agent needs: take it away, for jobs may find a way to read it',
    );
  }
  return NestFactory.createApplicationContext(AgentProcessModule.forRoot(settings), {
    abortOnError: false,
    logger,
  });
}

await live({
  name: 'Agent',
  start: () => tracing({ endpoint, service: 'job-manager-agent' }, () => start(config)),
  complaint: "The agent can't start",
});
