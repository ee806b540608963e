import { destination } from 'pino';

/** Lines are written when there are so many bytes of them, or so many ms after they were logged. */
const WRITTEN_AT_BYTES = 8_192;
const WRITTEN_WITHIN_MS = 50;

type Destination = ReturnType<typeof destination>;

let shared: Destination | undefined;

/** Where all loggers of this process write to: together, as each call to write costs as much as a line. */
export function standardOutput(): Destination {
  shared ??= open();
  return shared;
}

function open(): Destination {
  const stdout = destination({
    sync: true,
    minLength: WRITTEN_AT_BYTES,
    periodicFlush: WRITTEN_WITHIN_MS,
  });
  // Its own would try for ever to write what nobody reads any more, and so would the end of the process.
  stdout.flushSync = () => {
    stdout.flush();
  };
  process.once('exit', () => {
    stdout.flush();
  });
  return stdout;
}
