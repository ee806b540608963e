#!/usr/bin/env node
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AgentProcessModule } from './agent-process.module.js';
import { type AgentConfig, loadAgentConfig } from './config/agent-config.js';
import { describeConfig } from './config/describe-config.js';
import { readEnvironment } from './config/environment.js';
import { ServerLogger } from './http/logging/server-logger.js';
import { configured, live } from './process-life.js';

const environment = configured(() => readEnvironment(process.env));
const config = configured(() => loadAgentConfig(environment));

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

await live({ name: 'Agent', start: () => start(config), complaint: "The agent can't start" });
