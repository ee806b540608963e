import { existsSync } from 'node:fs';
import { lockLimitsOf } from '../lock-limit.js';
import { type LaunchOrder } from '../protocol.js';
import { DESCRIPTORS, type Enclosure } from '../sandbox/enclosure.js';
import { enclosedWords } from './enclosed-command.js';
import { shellStatus } from './shell-status.js';
import { ownCpuLimit, type StarterProgram } from './starter-program.js';

// dash tells a signal from an exit code above 128 (shell-status.ts); a bash that is called `sh` doesn't.
const SHELL = existsSync('/bin/dash') ? '/bin/dash' : '/bin/sh';

/**
 * `run` becomes the command. It forks from a small shell since a fork of Node costs more than all the rest; `setsid`
 * doesn't fork, as a background child leads no process group; `env` undoes the ignored SIGINT and SIGQUIT that
 * POSIX gives background children, and makes the environment exact. `ulimit` calls file locks -w in dash and BusyBox,
 * -x in bash. Descriptors: 1 reports, 3 and 4 are the output, opened
 * anew by each command: what one sets on its own, such as O_NONBLOCK, is not for the next. The shell enters the cgroups of its
 * place once; where memory runs out, the kernel takes the command before it. What must not be seen among the arguments of
 * a sandbox goes through a pipe.
 */
const PRELUDE = `
prepare() {
  [ -z "$CGROUP" ] || echo 0 >"$CGROUP/cgroup.procs" || { echo F; return 1; }
  echo 1000 >/proc/self/oom_score_adj
  [ -z "$LIMIT_LOCKS" ] || $LIMIT_LOCKS "$LOCKS" 2>/dev/null
  ulimit -c 0
  { [ -z "$CPU" ] || ulimit -t "$CPU"; } && { [ -z "$BLOCKS" ] || ulimit -f "$BLOCKS"; } &&
    { [ -z "$FILES" ] || ulimit -n "$FILES"; } || { echo F; return 1; }
}
run() {
  cd -- "$1" || { echo F; exit 126; }
  shift
  prepare || exit 126
  exec setsid env -i $SIGNALS -- "$@" </dev/null >/proc/self/fd/3 2>/proc/self/fd/4 3>&- 4>&-
}
enclose() {
  prepare || exit 126
  cd /
  secrets | exec setsid env -i -- "$@" ${DESCRIPTORS.told}>&1 >/proc/self/fd/3 2>/proc/self/fd/4 4<&0 3<"$FILTER" </dev/null
}
SIGNALS=--default-signal=INT,QUIT
env -i $SIGNALS true 2>/dev/null || SIGNALS=
LIMIT_LOCKS=
for option in -w -x; do
  if (ulimit $option "$LOCKS") 2>/dev/null; then LIMIT_LOCKS="ulimit $option"; break; fi
done
for group in $CGROUPS; do echo 0 >"$group/cgroup.procs" || { echo F; break; }; done
report() { case $1 in 129|1[3-9]?|2??) jobs;; esac; echo "E $1"; }
`;

/** Of `ulimit -f`. */
const BLOCK_BYTES = 512;

/** A starter that every host has: a shell, with `setsid` and `env`, each of which is an `exec` more. */
export const shellStarter: StarterProgram = {
  words() {
    return [SHELL];
  },

  opening({ cgroup = '', cgroups }) {
    const groups = `CGROUP=${quote(cgroup)}; CGROUPS=${quote(cgroups.join(' '))}`;
    return `${groups}; LOCKS=${lockLimitsOf('')(0)}${PRELUDE}report 0\n`;
  },

  orderOf(order) {
    const { enclosure, workingDirectory, environment, command } = order;
    const limits = `LOCKS=${order.lockLimit}; ${limitsOf(order)}`;
    if (enclosure !== null) return `${limits}${enclosedScript(order, enclosure)}`;
    const words = [workingDirectory, ...environment, '/bin/sh', '-c', command];
    return `${limits}; set -- ${quoted(words)}\n${startedBy('run')}`;
  },

  statusOf: shellStatus,
};

function enclosedScript(order: LaunchOrder, enclosure: Enclosure): string {
  const { outside, inside } = enclosedWords(order, enclosure);
  return `
FILTER=${quote(enclosure.filterPath)}
secrets() { printf '%s\\0' ${quoted(enclosure.secrets)}; }
set -- ${quoted([...order.environment, ...outside])} $SIGNALS ${quoted(inside)}
${startedBy('enclose')}`;
}

function startedBy(name: 'run' | 'enclose'): string {
  return `${name} "$@" & wait $!; report $?; set --\n`;
}

/** As `ulimit` takes them; empty: none. */
function limitsOf(order: LaunchOrder): string {
  const blocks = Math.ceil(order.fileBytes / BLOCK_BYTES);
  return `CPU=${ownCpuLimit(order) || ''} BLOCKS=${blocks || ''} FILES=${order.openFiles || ''}`;
}

function quoted(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/** One word of shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
