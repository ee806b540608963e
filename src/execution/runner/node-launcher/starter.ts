import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type LaunchOrder, MARK_VARIABLE, SYSTEM_PATH } from '../protocol.js';
import { LineSplitter } from './line-splitter.js';
import { lockLimitsOf } from '../lock-limit.js';
import { ENCLOSED_PRELUDE, enclosedEnd, enclosedScript, enclosedStatus } from './enclosed-command.js';
import { type ShellStatus, shellStatus } from './shell-status.js';

// dash tells a signal from an exit code above 128 (shell-status.ts); a bash that is called `sh` doesn't.
const SHELL = existsSync('/bin/dash') ? '/bin/dash' : '/bin/sh';

/**
 * `run` becomes the command. It forks from a small shell since a fork of Node costs more than all the rest; `setsid`
 * doesn't fork, as a background child leads no process group; `env` undoes the ignored SIGINT and SIGQUIT that
 * POSIX gives background children, and makes the environment exact. `ulimit` calls file locks -w in dash and BusyBox,
 * -x in bash. Descriptors: 1 reports, 3 and 4 are the output, opened
 * anew by each command: what one sets on its own, such as O_NONBLOCK, is not for the next. The shell enters the cgroups of its
 * place once; where memory runs out, the kernel takes the command before it.
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
${ENCLOSED_PRELUDE}
SIGNALS=--default-signal=INT,QUIT
env -i $SIGNALS true 2>/dev/null || SIGNALS=
LIMIT_LOCKS=
for option in -w -x; do
  if (ulimit $option "$LOCKS") 2>/dev/null; then LIMIT_LOCKS="ulimit $option"; break; fi
done
for group in $CGROUPS; do echo 0 >"$group/cgroup.procs" || { echo F; break; }; done
report() { case $1 in 129|1[3-9]?|2??) jobs;; esac; echo "E $1"; }
`;
const AFTERWARDS = 'run "$@" & wait $!; report $?; set --\n';

/** Of `ulimit -f`. */
const BLOCK_BYTES = 512;

export interface StarterOptions {
  /** Program and arguments that come before the shell's name. */
  readonly wrapper: readonly string[];
  /** The value of the marker variable for the shell itself. */
  readonly mark: string;
  /** What each command gets as standard output and standard error. */
  readonly outputFds: readonly [number, number];
  /** Directory of the cgroup that each command enters before anything else, if any. */
  readonly cgroup?: string;
  /** Of those that the shell enters itself, for all that it starts. */
  readonly cgroups: readonly string[];
}

/** How a command ended, or why there is nothing to say: the starter died, or couldn't start the command. */
export type StarterReport =
  | { readonly kind: 'status'; readonly status: ShellStatus }
  | { readonly kind: 'unstarted'; readonly detail: string }
  | { readonly kind: 'died'; readonly detail: string };

/** A small shell that lives long, starts one command after the other, and says how each one's shell ended. */
export class Starter {
  /** Resolves once the shell takes commands; rejects where it can't. */
  readonly ready: Promise<void>;
  /** Resolves when the outermost process of the wrapper has been reaped. */
  readonly gone: Promise<void>;
  private readonly child: ChildProcess;
  private lines: string[] = [];
  private diagnostics = '';
  private encloses = false;
  private onReport: ((report: StarterReport) => void) | null = null;

  constructor(options: StarterOptions) {
    const [program, ...args] = [...options.wrapper, SHELL];
    this.child = spawn(program, args, {
      cwd: '/',
      env: { PATH: SYSTEM_PATH, [MARK_VARIABLE]: options.mark },
      stdio: ['pipe', 'pipe', 'pipe', ...options.outputFds],
    });
    this.gone = new Promise((resolve) => this.child.once('close', resolve).once('error', resolve));
    this.child.once('error', (error) => (this.diagnostics += error.message));
    void this.gone.then(() => {
      this.tell(this.lastReport());
    });
    this.listen();
    this.ready = this.prepare(options);
  }

  /** Process id of the outermost process of the wrapper. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Starts a command; one at a time. */
  start(order: LaunchOrder): Promise<StarterReport> {
    const { lockLimit, workingDirectory, environment, command, enclosure } = order;
    this.diagnostics = '';
    this.encloses = enclosure !== null;
    const limits = `LOCKS=${lockLimit}; ${limitsOf(order)}`;
    if (enclosure !== null) return this.ask(`${limits}${enclosedScript(order, enclosure, quote)}`);
    const words = [workingDirectory, ...environment, '/bin/sh', '-c', command];
    return this.ask(`${limits}; set -- ${words.map(quote).join(' ')}\n${AFTERWARDS}`);
  }

  /** SIGKILL to the outermost process of the wrapper; {@link gone} says when it is dead. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Lets the shell end by itself when it is idle. */
  end(): void {
    this.child.stdin?.end();
  }

  private async prepare({ cgroup = '', cgroups }: StarterOptions): Promise<void> {
    const groups = `CGROUP=${quote(cgroup)}; CGROUPS=${quote(cgroups.join(' '))}`;
    const report = await this.ask(`${groups}; LOCKS=${lockLimitsOf('')(0)}${PRELUDE}report 0\n`);
    if (report.kind !== 'status') throw new Error(report.detail);
  }

  private ask(script: string): Promise<StarterReport> {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) {
        void this.gone.then(() => {
          resolve({ kind: 'died', detail: this.diagnostics.trim() });
        });
        return;
      }
      this.onReport = resolve;
      this.child.stdin?.write(script);
    });
  }

  private listen(): void {
    const splitter = new LineSplitter((line) => {
      this.take(line);
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      splitter.push(text);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.diagnostics = (this.diagnostics + text).slice(-1_000);
    });
    // A write to a shell that just died; `close` says so.
    this.child.stdin?.on('error', () => undefined);
  }

  private take(line: string): void {
    if (!line.startsWith('E ')) {
      this.lines.push(line);
      return;
    }
    const lines = this.lines;
    this.lines = [];
    if (lines.includes('F')) this.tell({ kind: 'unstarted', detail: this.diagnostics.trim() });
    else this.tell(this.reportOf(Number(line.slice(2)), lines));
  }

  /** What a command in a sandbox has left may have been killed together with the shell, after the command's own end. */
  private lastReport(): StarterReport {
    const status = this.encloses ? enclosedEnd(this.lines) : null;
    return status === null ? { kind: 'died', detail: this.diagnostics.trim() } : { kind: 'status', status };
  }

  private reportOf(code: number, lines: readonly string[]): StarterReport {
    if (!this.encloses) return { kind: 'status', status: shellStatus(code, lines) };
    const status = enclosedStatus(lines);
    return status === null
      ? { kind: 'unstarted', detail: "the sandbox can't be made" }
      : { kind: 'status', status };
  }

  private tell(report: StarterReport): void {
    const onReport = this.onReport;
    this.onReport = null;
    onReport?.(report);
  }
}

/** As `ulimit` takes them; empty: none. The time of the whole tree is watched from outside, this is for one that nobody watches. */
function limitsOf({ cpuSeconds, fileBytes, openFiles }: LaunchOrder): string {
  const cpu = cpuSeconds === 0 ? '' : String(cpuSeconds + 1);
  const blocks = fileBytes === 0 ? '' : String(Math.ceil(fileBytes / BLOCK_BYTES));
  return `CPU=${cpu} BLOCKS=${blocks} FILES=${openFiles === 0 ? '' : String(openFiles)}`;
}

/** One word of shell, whatever is in it. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
