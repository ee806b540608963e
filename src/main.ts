import { type INestApplication, Logger } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { type AppConfig, loadConfig } from './config/config.js';
import { describeConfig } from './config/describe-config.js';
import { readEnvironment } from './config/environment.js';
import { ConfigError } from './config/faults.js';
import { setupDocs } from './http/docs.js';
import { messageOf } from './kernel/errors.js';
import { createServer, urlOf } from './server.js';

/** After a clean stop nothing should keep the process alive; if something does, it is not waited for. */
const LINGER_MS = 5_000;

const state: { app?: NestFastifyApplication; isStopping: boolean } = { isStopping: false };

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function configured(): AppConfig {
  try {
    return loadConfig(readEnvironment(process.env));
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message);
    throw error;
  }
}

/** The first signal lets running jobs end and stops; a second one does not wait. */
function stopOn(signal: NodeJS.Signals): void {
  process.on(signal, () => {
    if (state.isStopping) process.exit(1);
    state.isStopping = true;
    // Before it listens it may wait for a database for a minute, and there is nothing to let end.
    if (state.app === undefined) process.exit(0);
    void stop(state.app);
  });
}

async function stop(running: INestApplication): Promise<void> {
  const logger = new Logger('Server');
  logger.log('stopping');
  try {
    await running.close();
    logger.log('stopped');
  } catch (error) {
    logger.error(error);
    process.exitCode = 1;
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

async function listen(config: AppConfig): Promise<NestFastifyApplication> {
  const server = await createServer(AppModule.forRoot(config), config);
  setupDocs(server);
  const logger = new Logger('Server');
  logger.log({ settings: describeConfig(config), msg: 'settings' });
  await server.listen(config.port, config.host).catch(async (error: unknown) => {
    await server.close().catch(() => undefined);
    throw error;
  });
  const url = urlOf(server.getHttpServer().address() as AddressInfo);
  logger.log({ url, msg: 'listening' });
  return server;
}

function crash(error: unknown): never {
  new Logger('Server').fatal(error);
  process.exit(1);
}

stopOn('SIGTERM');
stopOn('SIGINT');
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
const config = configured();
try {
  state.app = await listen(config);
} catch (error) {
  fail(`The server can't start at ${config.host}:${config.port}: ${messageOf(error)}`);
}
