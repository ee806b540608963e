import { type Containment, type LaunchRequest, type ProcessEnd } from './launcher.js';

/**
 * What server and launcher say to each other: one JSON object a line, UTF-8, on the launcher's standard input
 * (requests) and standard output (reports). A launcher written in another language only has to speak this.
 *
 * - The first request is `start`; its answer is `ready`, or `unable` and the launcher exits.
 * - `launch` is answered by `refused` (nothing was started) or `started`, and `started` by one `ended` or `lost`.
 * - `stop` and `endBy` have no answer of their own; for an `id` that has ended they do nothing.
 * - At its `endBy` (ms of CLOCK_MONOTONIC) the launcher kills a command by itself, whether or not the server reads
 *   or says anything; a command whose time has come before it began is never begun: `started`, then `ended`.
 * - When its standard input ends, for whatever reason, the launcher kills all that it started, waits until
 *   nothing of it is alive, and exits.
 * - When the launcher dies, the kernel or the client's sweep by {@link MARK_VARIABLE} ends what it started.
 */
export type LauncherRequest =
  | { readonly op: 'start'; readonly instance: string; readonly containment: Containment | null }
  | { readonly op: 'launch'; readonly id: number; readonly request: LaunchRequest }
  | { readonly op: 'stop'; readonly id: number; readonly graceMs: number }
  | { readonly op: 'endBy'; readonly id: number; readonly time: number };

export type LauncherReport =
  | { readonly op: 'ready'; readonly containment: Containment }
  | { readonly op: 'unable'; readonly detail: string }
  | { readonly op: 'started'; readonly id: number }
  | { readonly op: 'refused'; readonly id: number; readonly detail: string }
  | { readonly op: 'ended'; readonly id: number; readonly end: ProcessEnd }
  | { readonly op: 'lost'; readonly id: number; readonly detail: string };

/** In the environment of all that a launcher starts: `INSTANCE/KEY` in a command, `INSTANCE/` and a role elsewhere. */
export const MARK_VARIABLE = 'JOB_MANAGER_MARK';

/** Where launcher and containment look for the host's programs; a command has the `PATH` of its own environment. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function encodeLine(message: LauncherRequest | LauncherReport): string {
  return `${JSON.stringify(message)}\n`;
}

/** Cuts a stream of text into lines; a long line costs no more than its length. */
export class LineSplitter {
  private pending: string[] = [];

  /** @param onLine gets each whole line without its end */
  constructor(private readonly onLine: (line: string) => void) {}

  push(text: string): void {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.pending.push(line);
      const whole = this.pending.length === 1 ? line : this.pending.join('');
      this.pending = [];
      this.onLine(whole);
    }
    if (last !== '') this.pending.push(last);
  }
}
