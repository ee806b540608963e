import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { atEndOfFile } from './end-of-file.js';
import { eventually } from './eventually.js';
import { processesWith } from './processes.js';
import { freeze } from './run/freeze.js';
import { keepSecret, lookForSecrets, secretsOf } from './secrets.js';

/** `TEST_LAUNCHER=node` runs the same tests on the launcher that is used where there is no compiler. */
const LAUNCHER = process.env.TEST_LAUNCHER === undefined ? {} : { LAUNCHER: process.env.TEST_LAUNCHER };
const ROOT = join(import.meta.dirname, '..', '..');
export const START_WITHIN_MS = 90_000;
export const STOP_WITHIN_MS = 90_000;

/** A built program of ours in a process of its own, which a test may stop, kill, freeze and start again. */
export interface TestProcess {
  /** Of the process that runs now. */
  readonly pid: number;
  readonly dataDir: string;
  /** All that it printed, over all its restarts. */
  logs(): string;
  /** SIGTERM; resolves once it has ended. Fails unless it exits with 0. */
  stop(): Promise<void>;
  /** SIGKILL; resolves once it is dead. What it had started may still be ending. */
  kill(): Promise<void>;
  /** SIGSTOP, to this one process; returns once it is stopped. */
  freeze(): void;
  thaw(): void;
  /** Kills it if need be, and starts it again with the same settings and the same directory. */
  restart(withinMs?: number): Promise<void>;
  /** Stops it if need be, and fails if anything that it started is alive. */
  end(): Promise<void>;
}

export interface Program {
  /** In messages: "the server". */
  readonly name: string;
  /** Below `dist`, or absolute. */
  readonly script: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** A program and its arguments that becomes Node with ours; absent: none. */
  readonly wrapper?: readonly string[] | undefined;
  /** What a line of the log announces when the program is up; undefined for all other lines. */
  readonly announcedIn: (line: string) => string | undefined;
}

export class ProcessUnderTest implements TestProcess {
  /** What the last start announced. */
  announced = '';
  /** How the process ended where nobody had asked for it: nothing of ours may do that. */
  readonly uncalledEndings: string[] = [];
  private readonly lines: string[] = [];
  private linesBefore = 0;
  private child!: ChildProcess;
  private exited!: Promise<unknown>;
  private isEndExpected = false;

  /** Starts it; at the end of the test file it is stopped if not before, and must leave no process. */
  constructor(private readonly program: Program) {
    keepSecret(secretsOf(program.env));
    atEndOfFile(() => {
      lookForSecrets(`the log of the ${program.name}`, this.logs());
    });
    this.launch();
    atEndOfFile(() => this.end());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get dataDir(): string {
    return this.program.dataDir;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts the process again without waiting until it is up. */
  launch(): void {
    const { script, dataDir, env, wrapper = [] } = this.program;
    const [program, ...args] = [...wrapper, process.execPath, resolve(ROOT, 'dist', script)];
    this.linesBefore = this.lines.length;
    this.isEndExpected = false;
    const child = spawn(program, args, {
      // Not the project's directory: a developer's .env is none of a test's business.
      cwd: dataDir,
      env: { PATH: process.env.PATH, DATA_DIR: dataDir, ...LAUNCHER, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    child.once('exit', () => {
      if (!this.isEndExpected) this.uncalledEndings.push(this.ending());
    });
    this.child = child;
    this.exited = once(child, 'close');
  }

  /** Waits until the process says that it is up. */
  async up(withinMs = START_WITHIN_MS): Promise<void> {
    const { name, announcedIn } = this.program;
    const deadline = performance.now() + withinMs;
    for (;;) {
      const announced = this.lines.slice(this.linesBefore).map(announcedIn).find(Boolean);
      if (announced !== undefined) {
        this.announced = announced;
        return;
      }
      if (!this.isAlive) {
        throw new Error(`the ${name} ended with ${this.ending()} at its start:\n${this.logs()}`);
      }
      if (performance.now() > deadline) throw new Error(`the ${name} does not come up:\n${this.logs()}`);
      await delay(10);
    }
  }

  logs(): string {
    return this.lines.join('\n');
  }

  async stop(): Promise<void> {
    await this.signal('SIGTERM');
    if (this.child.exitCode !== 0) {
      throw new Error(`the ${this.program.name} ended with ${this.ending()}, not with 0:\n${this.logs()}`);
    }
  }

  async kill(): Promise<void> {
    await this.signal('SIGKILL');
  }

  freeze(): void {
    if (this.isAlive) freeze(this.pid);
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async restart(withinMs = START_WITHIN_MS): Promise<void> {
    if (this.isAlive) await this.kill();
    this.launch();
    await this.up(withinMs);
  }

  async end(): Promise<void> {
    if (this.isAlive) {
      this.thaw();
      await this.stop();
    }
    await eventually(async () => {
      expect(await processesWith(this.dataDir)).toEqual([]);
    });
  }

  private ending(): string {
    return String(this.child.exitCode ?? this.child.signalCode);
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    this.isEndExpected = true;
    this.child.kill(signal);
    const expired = delay(STOP_WITHIN_MS, 'expired', { ref: false });
    if ((await Promise.race([this.exited, expired])) !== 'expired') return;
    this.child.kill('SIGKILL');
    await this.exited;
    throw new Error(`the ${this.program.name} outlived ${signal} by ${STOP_WITHIN_MS} ms:\n${this.logs()}`);
  }
}

/** A field of a line of the log, where the line is JSON that has it as text. */
export function fieldIn(line: string, field: string): string | undefined {
  try {
    const value = (JSON.parse(line) as Record<string, unknown>)[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
