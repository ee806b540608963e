import { stdSerializers } from 'pino';

/** What else may be told of an error. */
const TOLD = ['code', 'errno', 'syscall', 'sqlState'] as const;

/**
 * An error as the log has it. Not all that hangs on it: drivers add the whole statement with what jobs were given, or the
 * command with the password.
 */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const more = TOLD.filter((name) => name in error).map((name) => [name, Reflect.get(error, name)] as const);
  return { type, message, stack, ...Object.fromEntries(more) };
}
