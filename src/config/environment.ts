import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { messageOf } from '../kernel/errors.js';
import { ConfigError } from './faults.js';

/**
 * The real environment, and below it what a `.env` file says.
 *
 * @param path the file; that there is none is no fault
 * @throws ConfigError where the file is there but can't be read
 */
export function readEnvironment(
  real: Readonly<Record<string, string | undefined>>,
  path = '.env',
): Record<string, string | undefined> {
  return { ...parse(textOf(path)), ...real };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new ConfigError([`${path} can't be read: ${messageOf(error)}.`]);
  }
}
