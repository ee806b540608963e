import { LaunchFailedError } from './launcher.js';
import { type LaunchOrder } from './protocol.js';

const MAX_ARGUMENT_BYTES = 131_071;
/** What the kernel takes for arguments and environment together, at the usual stack limit, less some room. */
const MAX_TOTAL_BYTES = 1_900_000;
const POINTER_BYTES = 8;

/** @throws LaunchFailedError where the kernel would refuse it, or where it would mean something else than it says */
export function assertStartable(order: LaunchOrder): void {
  const { command, environment, workingDirectory, stdoutPath, stderrPath } = order;
  const words = [command, ...environment];
  if ([...words, workingDirectory, stdoutPath, stderrPath].some((word) => word.includes('\0')))
    fail('command, environment or a path contain a NUL');
  let total = 0;
  for (const word of words) {
    const size = Buffer.byteLength(word);
    if (size > MAX_ARGUMENT_BYTES) fail('command or a variable are too long');
    total += size + 1 + POINTER_BYTES;
  }
  if (total > MAX_TOTAL_BYTES) fail('command and environment together are too long');
}

/** `NAME=VALUE` of each. @throws LaunchFailedError where a name would not be read as it was meant */
export function variablesOf(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => {
    if (name === '' || name.includes('=')) fail('a variable of the environment has no valid name');
    return `${name}=${value}`;
  });
}

function fail(detail: string): never {
  throw new LaunchFailedError(detail);
}
