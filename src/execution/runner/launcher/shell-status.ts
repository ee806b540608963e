import { constants } from 'node:os';

/** How a command's shell ended. Exactly one of the two is not null. */
export interface ShellStatus {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

const SIGNAL_OFFSET = 128;
const FIRST_REALTIME = 34;
const LAST_REALTIME = 64;
// Backwards, so that of two names of one number (SIGABRT, SIGIOT) the first and usual one stays.
const names = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/**
 * Reads what a shell's `$?` says, told apart by what its `jobs` says: `$?` is 137 for `exit 137` as well as for a
 * SIGKILL, but only the former is listed as `Done(137)` (dash, BusyBox) or `Exit 137` (bash).
 */
export function shellStatus(status: number, jobs: readonly string[]): ShellStatus {
  const signal = jobs.some(saysExited) ? null : signalName(status - SIGNAL_OFFSET);
  return signal === null ? { exitCode: status, signal: null } : { exitCode: null, signal };
}

function saysExited(line: string): boolean {
  return /^\[\d+\][\s+-]*(Done|Exit)\b/.test(line);
}

function signalName(number: number): string | null {
  if (number >= FIRST_REALTIME && number <= LAST_REALTIME) return `SIGRTMIN+${number - FIRST_REALTIME}`;
  return names.get(number) ?? null;
}
