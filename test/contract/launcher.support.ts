import { describe, it } from '@jest/globals';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Captured,
  type LauncherInForce,
  type LaunchRequest,
  type ProcessEnd,
  type RunningProcess,
} from '../../src/execution/runner/launcher.js';
import { withDescendants } from '../../src/execution/runner/end-processes.js';
import { LauncherClient, type LauncherClientOptions } from '../../src/execution/runner/launcher-client.js';
import { Bubblewrap } from '../../src/execution/runner/sandbox/bubblewrap.js';
import { listProcesses, type ProcessEntry } from '../../src/execution/runner/process-table.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

export interface Finished extends Omit<ProcessEnd, 'stdout' | 'stderr'> {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

/** A command that runs, and where its output lies. */
export interface Launched extends RunningProcess {
  readonly stdoutPath: string;
  readonly stderrPath: string;
}

/** A launcher with a directory of its own, and short ways to run something on it. */
export class LauncherBench {
  readonly launcher: LauncherClient;
  private serial = 0;

  private constructor(
    readonly directory: string,
    readonly instance: string,
    kind: LauncherInForce,
  ) {
    this.launcher = new LauncherClient(optionsOf(kind, { instance, directory }));
  }

  /** Closed at the end of the test file. */
  static async start(kind: LauncherInForce): Promise<LauncherBench> {
    const bench = new LauncherBench(await temporaryDirectory(), `test-${randomUUID()}`, kind);
    atEndOfFile(() => bench.launcher.close());
    await bench.launcher.start();
    return bench;
  }

  request(command: string, rest: Partial<LaunchRequest> = {}): LaunchRequest {
    const key = `job-${(this.serial += 1)}`;
    const workingDirectory = join(this.directory, key);
    mkdirSync(workingDirectory);
    return {
      key,
      command,
      workingDirectory,
      environment: { PATH: process.env.PATH ?? '' },
      stdoutPath: `${workingDirectory}.out`,
      stderrPath: `${workingDirectory}.err`,
      maxOutputBytes: 1_000_000_000,
      endBy: null,
      limits: {},
      network: false,
      ...rest,
    };
  }

  async launch(command: string, rest: Partial<LaunchRequest> = {}): Promise<Launched> {
    const request = this.request(command, rest);
    const { stdoutPath, stderrPath } = request;
    const running = await this.launcher.launch(request);
    const stop = (graceMs: number): void => {
      running.stop(graceMs);
    };
    const endBy = (time: number): void => {
      running.endBy(time);
    };
    return { ended: running.ended, stop, endBy, stdoutPath, stderrPath };
  }

  async run(command: string, rest: Partial<LaunchRequest> = {}): Promise<Finished> {
    return this.finish(await this.launch(command, rest));
  }

  async finish({ ended, stdoutPath, stderrPath }: Launched): Promise<Finished> {
    const end = await ended;
    return {
      ...end,
      stdout: contentOf(end.stdout, stdoutPath),
      stderr: contentOf(end.stderr, stderrPath),
      stdoutBytes: end.stdout.bytes,
      stderrBytes: end.stderr.bytes,
    };
  }
}

/** Seconds for a `sleep` that no other process has among its arguments. */
export function uniqueSeconds(): string {
  return `9${randomInt(1e5, 1e6)}.${randomInt(1e5, 1e6)}`;
}

/** What is alive and has the text among its arguments. */
export function aliveWith(text: string): ProcessEntry[] {
  return listProcesses().filter(({ pid, zombie }) => !zombie && argumentsOf(pid).includes(text));
}

/** Process ids of all that descends from a process. */
export function descendantsOf(pid: number): number[] {
  return withDescendants([pid], listProcesses())
    .map((entry) => entry.pid)
    .filter((found) => found !== pid);
}

/** What is dead, not yet reaped, and was started by one of these. */
export function zombiesOf(pids: ReadonlySet<number>): ProcessEntry[] {
  return listProcesses().filter(({ parent, zombie }) => zombie && pids.has(parent));
}

/** What each launcher can do, strongest first. */
const KINDS: readonly LauncherInForce[] = [
  { program: 'native', containment: 'pid-namespace', sandbox: 'none' },
  { program: 'native', containment: 'subreaper', sandbox: 'none' },
  { program: 'node-perl', containment: 'pid-namespace', sandbox: 'none' },
  { program: 'node-perl', containment: 'cgroup', sandbox: 'none' },
  { program: 'node-perl', containment: 'marker', sandbox: 'none' },
  { program: 'node-shell', containment: 'pid-namespace', sandbox: 'none' },
  { program: 'node-shell', containment: 'marker', sandbox: 'none' },
  { program: 'native', containment: 'pid-namespace', sandbox: 'bubblewrap' },
  { program: 'node-perl', containment: 'pid-namespace', sandbox: 'bubblewrap' },
  { program: 'node-shell', containment: 'pid-namespace', sandbox: 'bubblewrap' },
];

/** The same suite on each launcher and containment; one that this host doesn't offer is said by name. */
export async function describeOnLaunchers(suite: (kind: LauncherInForce) => void): Promise<void> {
  for (const kind of KINDS) {
    const name = `commands of the ${kind.program} launcher, contained by ${kind.containment}, sandbox: ${kind.sandbox}`;
    const lacking = await faultOf(kind);
    if (lacking === null) {
      describe(name, () => {
        suite(kind);
      });
    } else if (process.env.REQUIRE_SERVICES === '1' && kind.containment === 'subreaper') {
      // Needs nothing of the host but the compiler.
      it(name, () => {
        throw new Error(lacking);
      });
    } else {
      it.todo(`${name}: ${lacking}`);
    }
  }
}

function optionsOf(
  { program, containment, sandbox }: LauncherInForce,
  { instance, directory }: { readonly instance: string; readonly directory: string },
): LauncherClientOptions {
  const bubblewrap = sandbox === 'none' ? {} : { sandbox: new Bubblewrap({ dataDirectory: directory }) };
  return { instance, program, containment, ...bubblewrap };
}

/** Null where this host offers it, otherwise why not. */
export async function faultOf(kind: LauncherInForce): Promise<string | null> {
  const directory = await temporaryDirectory();
  const launcher = new LauncherClient(optionsOf(kind, { instance: `probe-${randomUUID()}`, directory }));
  try {
    await launcher.start();
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await launcher.close();
  }
}

function contentOf({ content }: Captured, path: string): Buffer {
  return content ?? readFileSync(path);
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
