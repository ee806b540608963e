import { constants } from 'node:os';
import { type LaunchOrder } from '../protocol.js';
import { DESCRIPTORS, type Enclosure, STAGED_AT } from '../sandbox/enclosure.js';
import { type ShellStatus, shellStatus } from './shell-status.js';

/* How a starter runs a command in a sandbox. The descriptors of the enclosure are put where it awaits them. */

/**
 * The first process inside: says that the command has begun, and how it ended, which the program that made the sandbox
 * tells less exactly (shell-status.ts). A `wait` that a signal interrupts tells nothing of the command, which may have ended
 * all the same: it is repeated. Asked to end, it waits for what the command's shell leaves behind: with this
 * process all others end.
 */
const REPORTER = `
exec 6>&2 2>/dev/null
TERMINATED=
trap 'TERMINATED=1 INTERRUPTED=1' TERM
setsid env "$@" 2>&6 6>&- ${DESCRIPTORS.told}>&- &
echo B >&${DESCRIPTORS.told}
INTERRUPTED=1
while [ -n "$INTERRUPTED" ]; do INTERRUPTED=; wait $!; STATUS=$?; done
case $STATUS in 129|1[3-9]?|2??) jobs >&${DESCRIPTORS.told};; esac
echo "S $STATUS" >&${DESCRIPTORS.told}
[ -z "$TERMINATED" ] || until set -- /proc/[0-9]*; [ $# -le 1 ]; do sleep 0.02 || sleep 1; done
`;

/** For a user to whom the way to the working directory may be closed. */
const STAGE = `mount --bind -- "$0" ${STAGED_AT} && exec "$@"`;

export interface EnclosedWords {
  /** What makes the sandbox, and the first process inside, before what `env` is to be told there of signals. */
  readonly outside: readonly string[];
  /** What follows that: the command. */
  readonly inside: readonly string[];
}

export function enclosedWords(
  { workingDirectory, command }: Pick<LaunchOrder, 'workingDirectory' | 'command'>,
  { words, user }: Enclosure,
): EnclosedWords {
  const staged = user === null ? [] : asUser(user, workingDirectory);
  return {
    outside: [...staged, ...words, '/bin/sh', '-c', REPORTER, 'sh'],
    inside: ['--', '/bin/sh', '-c', command],
  };
}

function asUser(user: number, directory: string): string[] {
  return [
    ...['unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', STAGE, directory],
    ...['setpriv', '--reuid', String(user), '--regid', String(user), '--clear-groups', '--'],
  ];
}

/** How the command ended, by the lines that were told of it; null where it has not begun. */
export function enclosedStatus(lines: readonly string[]): ShellStatus | null {
  if (!lines.includes('B')) return null;
  // Without a word of its end something outside of it ended it, such as the kernel out of memory.
  return enclosedEnd(lines) ?? { exitCode: null, signal: constants.signals.SIGKILL };
}

/** The same; null where its end was not told. */
export function enclosedEnd(lines: readonly string[]): ShellStatus | null {
  const begun = lines.indexOf('B');
  const end = lines.findIndex((line) => line.startsWith('S '));
  return end < 0 ? null : shellStatus(Number(lines[end]?.slice(2)), lines.slice(begun + 1, end));
}
