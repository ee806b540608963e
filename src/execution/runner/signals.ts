import { constants } from 'node:os';

const FIRST_REALTIME = 34;
const LAST_REALTIME = 64;
// Backwards, so that of two names of one number (SIGABRT, SIGIOT) the first and usual one stays.
const names = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** Such as `SIGKILL` or `SIGRTMIN+1`; null where no signal has that number. */
export function signalName(number: number): string | null {
  if (number >= FIRST_REALTIME && number <= LAST_REALTIME) return `SIGRTMIN+${number - FIRST_REALTIME}`;
  return names.get(number) ?? null;
}
