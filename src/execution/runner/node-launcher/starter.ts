import { type ChildProcess, spawn } from 'node:child_process';
import { type LaunchOrder, MARK_VARIABLE, SYSTEM_PATH } from '../protocol.js';
import { LineSplitter } from './line-splitter.js';
import { enclosedEnd, enclosedStatus } from './enclosed-command.js';
import { type ShellStatus } from './shell-status.js';
import { type StarterProgram, type StarterSurroundings } from './starter-program.js';

/** One that takes longer is no starter, or hangs. */
const READY_WITHIN_MS = 5_000;

export interface StarterOptions extends StarterSurroundings {
  readonly program: StarterProgram;
  /** Program and arguments that come before the starter's own. */
  readonly wrapper: readonly string[];
  /** The value of the marker variable for the starter itself. */
  readonly mark: string;
  /** What each command gets as standard output and standard error. */
  readonly outputFds: readonly [number, number];
}

/** How a command ended, or why there is nothing to say: the starter died, or couldn't start the command. */
export type StarterReport =
  | { readonly kind: 'status'; readonly status: ShellStatus }
  | { readonly kind: 'unstarted'; readonly detail: string }
  | { readonly kind: 'died'; readonly detail: string };

/** A small process that lives long, starts one command after the other, and says how each one's shell ended. */
export class Starter {
  /** Resolves once it takes commands; rejects where it can't. */
  readonly ready: Promise<void>;
  /** Resolves when the outermost process of the wrapper has been reaped. */
  readonly gone: Promise<void>;
  private readonly child: ChildProcess;
  private lines: string[] = [];
  private diagnostics = '';
  private encloses = false;
  private onReport: ((report: StarterReport) => void) | null = null;

  constructor(private readonly options: StarterOptions) {
    const [program = '', ...args] = [...options.wrapper, ...options.program.words(options)];
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
    this.ready = this.prepare();
  }

  /** Process id of the outermost process of the wrapper. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Starts a command; one at a time. */
  start(order: LaunchOrder): Promise<StarterReport> {
    this.diagnostics = '';
    this.encloses = order.enclosure !== null;
    return this.ask(this.options.program.orderOf(order));
  }

  /** SIGKILL to the outermost process of the wrapper; {@link gone} says when it is dead. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Lets it end by itself when it is idle. */
  end(): void {
    this.child.stdin?.end();
  }

  private async prepare(): Promise<void> {
    const overdue = setTimeout(() => {
      this.diagnostics += `the starter was not ready within ${READY_WITHIN_MS / 1_000} s`;
      this.kill();
    }, READY_WITHIN_MS);
    const report = await this.ask(this.options.program.opening(this.options));
    clearTimeout(overdue);
    if (report.kind !== 'status') throw new Error(report.detail);
  }

  private ask(order: string | Buffer): Promise<StarterReport> {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) {
        void this.gone.then(() => {
          resolve({ kind: 'died', detail: this.diagnostics.trim() });
        });
        return;
      }
      this.onReport = resolve;
      this.child.stdin?.write(order);
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
    // A write to one that just died; `close` says so.
    this.child.stdin?.on('error', () => undefined);
  }

  private take(line: string): void {
    if (!line.startsWith('E ')) {
      this.lines.push(line);
      return;
    }
    const lines = this.lines;
    this.lines = [];
    const fault = lines.find((said) => said === 'F' || said.startsWith('F '));
    if (fault !== undefined)
      this.tell({ kind: 'unstarted', detail: fault.slice(2) || this.diagnostics.trim() });
    else this.tell(this.reportOf(Number(line.slice(2)), lines));
  }

  /** What a command in a sandbox has left may have been killed together with the shell, after the command's own end. */
  private lastReport(): StarterReport {
    const status = this.encloses ? enclosedEnd(this.lines) : null;
    return status === null ? { kind: 'died', detail: this.diagnostics.trim() } : { kind: 'status', status };
  }

  private reportOf(code: number, lines: readonly string[]): StarterReport {
    if (!this.encloses) return { kind: 'status', status: this.options.program.statusOf(code, lines) };
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
