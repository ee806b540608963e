import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  encodeLine,
  type LauncherReport,
  type LauncherRequest,
  LineSplitter,
  MARK_VARIABLE,
  SYSTEM_PATH,
} from './protocol.js';

const ENTRY = 'launcher/main.js';

/** The launcher's process as the server holds it: requests in, reports out, and its end. */
export class LauncherProcess {
  /** Resolves when the process has been reaped, with what it wrote to standard error. */
  readonly gone: Promise<string>;
  private readonly child: ChildProcess;
  private diagnostics = '';

  constructor(instance: string, onReport: (report: LauncherReport) => void) {
    this.child = spawn(process.execPath, [entryPath()], {
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
    this.child.stdin?.write(encodeLine(request));
  }

  /** Tells it to kill all that it started and to exit; {@link gone} says when. */
  end(): void {
    this.child.stdin?.end();
  }

  private listen(onReport: (report: LauncherReport) => void): void {
    const splitter = new LineSplitter((line) => {
      onReport(JSON.parse(line) as LauncherReport);
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      splitter.push(text);
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.diagnostics = (this.diagnostics + text).slice(-2_000);
    });
    // A request to a launcher that just died; `close` says so.
    this.child.stdin?.on('error', () => undefined);
  }
}

/** Beside this file where that is compiled; where it is run from source, as by the tests, what was built from it. */
function entryPath(): string {
  const beside = fileURLToPath(new URL(ENTRY, import.meta.url));
  return existsSync(beside) ? beside : beside.replace('/src/execution/', '/dist/execution/');
}
