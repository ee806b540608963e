import { signalName } from '../signals.js';

/** How a command's shell ended. Exactly one of the two is not null. */
export interface ShellStatus {
  readonly exitCode: number | null;
  /** Its number. */
  readonly signal: number | null;
}

const SIGNAL_OFFSET = 128;

/**
 * Reads what a shell's `$?` says, told apart by what its `jobs` says: `$?` is 137 for `exit 137` as well as for a
 * SIGKILL, but only the former is listed as `Done(137)` (dash, BusyBox) or `Exit 137` (bash).
 */
export function shellStatus(status: number, jobs: readonly string[]): ShellStatus {
  const signal = status - SIGNAL_OFFSET;
  const exited = jobs.some(saysExited) || signalName(signal) === null;
  return exited ? { exitCode: status, signal: null } : { exitCode: null, signal };
}

function saysExited(line: string): boolean {
  return /^\[\d+\][\s+-]*(Done|Exit)\b/.test(line);
}
