import { type ChildProcess, spawn } from 'node:child_process';
import { decodeReport, encodeRequest, FrameSplitter } from './frames.js';
import { type LauncherProgram } from './launcher.js';
import { commandLineOf } from './launcher-programs.js';
import { type LauncherReport, type LauncherRequest, MARK_VARIABLE, SYSTEM_PATH } from './protocol.js';

/** The launcher's process as the server holds it: requests in, reports out, and its end. */
export class LauncherProcess {
  /** Resolves when the process has been reaped, with what it wrote to standard error. */
  readonly gone: Promise<string>;
  private readonly child: ChildProcess;
  private diagnostics = '';

  constructor(program: LauncherProgram, instance: string, onReport: (report: LauncherReport) => void) {
    const [path, ...words] = commandLineOf(program);
    this.child = spawn(path, words, {
      // A session of its own: a Ctrl-C for the server is not for what still runs.
      detached: true,
      cwd: '/',
      env: { PATH: SYSTEM_PATH, [MARK_VARIABLE]: `${instance}/launcher` },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.gone = new Promise((resolve) => {
      this.child.once('error', (error) => {
        resolve(error.message);
      });
      this.child.once('close', () => {
        resolve(this.diagnostics.trim());
      });
    });
    this.listen(onReport);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  send(request: LauncherRequest): void {
    this.child.stdin?.write(encodeRequest(request));
  }

  /** Tells it to kill all that it started and to exit; {@link gone} says when. */
  end(): void {
    this.child.stdin?.end();
  }

  private listen(onReport: (report: LauncherReport) => void): void {
    const splitter = new FrameSplitter((payload) => {
      onReport(decodeReport(payload));
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.diagnostics = (this.diagnostics + text).slice(-2_000);
    });
    // A request to a launcher that just died; `close` says so.
    this.child.stdin?.on('error', () => undefined);
  }
}
