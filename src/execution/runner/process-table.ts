import { readdirSync, readFileSync } from 'node:fs';

/** One process as /proc tells it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Process group. */
  readonly group: number;
  readonly session: number;
  /** Clock ticks since boot; with the pid it names a process for good. */
  readonly startTime: string;
  /** Dead, its entry kept until its parent asks for its end. */
  readonly zombie: boolean;
  /** By a signal, by who traces it, or in the kernel, as after a vfork: it can't fork. */
  readonly halted: boolean;
}

/** Every process that is visible here, zombies included. */
export function listProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((entry) => entry !== null);
}

/** Null where there is no such process (any more). */
export function readProcess(pid: number): ProcessEntry | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const [state, parent, group, session, ...rest] = fieldsIn(stat);
  // A dead first thread shows as a zombie while others of its process live on.
  const zombie = (state === 'Z' || state === 'X') && Number(rest[13]) <= 1;
  const startTime = rest[15] ?? '';
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime,
    zombie,
    halted: state === 'T' || state === 't' || state === 'D',
  };
}

/** True where the process's environment at its start held this, as `NAME=` and the value's beginning. */
export function hasInEnvironment(pid: number, beginning: string): boolean {
  const environment = readOrNull(`/proc/${pid}/environ`) ?? '';
  return environment.startsWith(beginning) || environment.includes(`\0${beginning}`);
}

/** True where that very process, not a later one of the same number, is still alive. */
export function isAlive(entry: ProcessEntry): boolean {
  const now = readProcess(entry.pid);
  return now !== null && now.startTime === entry.startTime && !now.zombie;
}

/**
 * Sends a signal; a process that is gone is no error.
 * @param pid of a process, or of a process group with a minus before it
 */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or not ours to signal: the caller looks again at what is alive.
  }
}

/** What `/proc/PID/stat` says, from the third field on. */
export function fieldsIn(stat: string): string[] {
  // The second field is a name in parentheses that may itself hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
