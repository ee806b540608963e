import { Logger } from '@nestjs/common';
import { ConfigError } from './config/faults.js';
import { messageOf } from './kernel/errors.js';

/** After a clean stop nothing should keep the process alive; if something does, it is not waited for. */
const LINGER_MS = 5_000;

/** What is closed at the end of the process. */
interface Closable {
  close(): Promise<void>;
}

export interface ProcessLife {
  /** For the log. */
  readonly name: string;
  /** What can't be started is told by a sentence on standard error, and ends the process. */
  readonly start: () => Promise<Closable>;
  /** Before the reason why it could not be started. */
  readonly complaint: string;
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** The settings, or the end of the process with all that is wrong with them. */
export function configured<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message);
    throw error;
  }
}

/** Runs the whole process: the first SIGTERM or SIGINT lets what runs end, and stops; a second one does not wait. */
export async function live({ name, start, complaint }: ProcessLife): Promise<void> {
  const state: { running?: Closable; isStopping: boolean } = { isStopping: false };
  const crash = (error: unknown): never => {
    new Logger(name).fatal(error);
    process.exit(1);
  };
  const stopOn = (signal: NodeJS.Signals): void => {
    process.on(signal, () => {
      if (state.isStopping) process.exit(1);
      state.isStopping = true;
      // Before it has started it may wait for a database for a minute, and there is nothing to let end.
      if (state.running === undefined) process.exit(0);
      void stop(name, state.running);
    });
  };
  stopOn('SIGTERM');
  stopOn('SIGINT');
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  try {
    state.running = await start();
  } catch (error) {
    fail(`${complaint}: ${messageOf(error)}`);
  }
}

async function stop(name: string, running: Closable): Promise<void> {
  const logger = new Logger(name);
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
