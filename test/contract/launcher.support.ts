import { describe, it } from '@jest/globals';
import { randomInt, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Containment,
  type LaunchRequest,
  type ProcessEnd,
  type RunningProcess,
} from '../../src/execution/runner/launcher.js';
import { withDescendants } from '../../src/execution/runner/end-processes.js';
import { NodeLauncher } from '../../src/execution/runner/node-launcher.js';
import { listProcesses, type ProcessEntry } from '../../src/execution/runner/process-table.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

export interface Finished extends ProcessEnd {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A command that runs, and where its output lies. */
export interface Launched extends RunningProcess {
  readonly stdoutPath: string;
  readonly stderrPath: string;
}

/** A launcher with a directory of its own, and short ways to run something on it. */
export class LauncherBench {
  readonly launcher: NodeLauncher;
  private serial = 0;

  private constructor(
    readonly directory: string,
    readonly instance: string,
    containment: Containment,
  ) {
    this.launcher = new NodeLauncher({ instance, containment });
  }

  /** Closed at the end of the test file. */
  static async start(containment: Containment): Promise<LauncherBench> {
    const bench = new LauncherBench(await temporaryDirectory(), `test-${randomUUID()}`, containment);
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
      stdout: readFileSync(stdoutPath),
      stderr: end.stderrBytes === 0 ? Buffer.alloc(0) : readFileSync(stderrPath),
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

/** The same suite on each containment; one that this host doesn't offer is said by name. */
export async function describeOnContainments(suite: (containment: Containment) => void): Promise<void> {
  for (const containment of ['pid-namespace', 'cgroup', 'marker'] as const) {
    const name = `commands contained by ${containment}`;
    const lacking = await faultOf(containment);
    if (lacking === null) {
      describe(name, () => {
        suite(containment);
      });
    } else {
      it.todo(`${name}: ${lacking}`);
    }
  }
}

async function faultOf(containment: Containment): Promise<string | null> {
  const launcher = new NodeLauncher({ instance: `probe-${randomUUID()}`, containment });
  try {
    await launcher.start();
    return null;
  } catch (error) {
    return String(error);
  } finally {
    await launcher.close();
  }
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
