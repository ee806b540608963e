import { type JobLimits, type LimitName, type Usage } from '../limits.port.js';

/** How the launcher ends all that a job started: the strongest means that this host offers. */
export type Containment = 'pid-namespace' | 'cgroup' | 'subreaper' | 'marker';

/**
 * What the launcher process is: the one in C (`native/`), or the one in Node, which needs no compiler; that has its commands
 * started from Perl or, where there is none, from a shell.
 */
export type LauncherProgram = 'native' | 'node-perl' | 'node-shell';

/** What is in force since {@link Launcher.start}. */
export interface LauncherInForce {
  readonly program: LauncherProgram;
  readonly containment: Containment;
  /** Name of the sandbox that each command gets, or `none`. */
  readonly sandbox: string;
}

/** What can be had on this host. */
export interface LauncherReady extends LauncherInForce {
  /** What a {@link LaunchRequest} may limit here. */
  readonly enforces: readonly LimitName[];
  /** In words for the log: by what, and why not where it can't. */
  readonly means: string;
}

/** One command to run. */
export interface LaunchRequest {
  /** Names the attempt, `JOB_ID.ATTEMPT`: unique among what runs. */
  readonly key: string;
  /** Argument of `/bin/sh -c`: at most 131,071 bytes of UTF-8, no NUL. */
  readonly command: string;
  /** Absolute path of an existing directory. */
  readonly workingDirectory: string;
  /** The whole environment of the command; nothing of the service's own is added but the marker. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute path of the file for what it writes, made once that is more than is told with the end, or takes long. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Bytes that are taken of each of the two streams; a command that writes more is killed. */
  readonly maxOutputBytes: number;
  /**
   * Ms on the machine's monotonic clock: at that time the command is killed, without a grace, even where the
   * process that launched it is stopped or can't speak; null: never.
   */
  readonly endBy: number | null;
  /** The same clock: later it is not started, but refused with {@link LaunchLateError}; absent: at any time. */
  readonly startBy?: number;
  /** Only such as {@link LauncherReady.enforces} has. */
  readonly limits: Omit<JobLimits, 'network'>;
  /** Whether a command in a sandbox may use the host's network. */
  readonly network: boolean;
}

/** What a command wrote to one of its two streams. */
export interface Captured {
  readonly bytes: number;
  /** All of it, where it is short and was soon over; null where it is in the file. */
  readonly content: Buffer | null;
}

/** How a command ended. Exactly one of `exitCode` and `signal` is not null. */
export interface ProcessEnd {
  /** 0 … 255, or null where a signal ended the shell. */
  readonly exitCode: number | null;
  /** Such as `SIGKILL`, or null where the shell exited. */
  readonly signal: string | null;
  /** True where the command was killed since it wrote more than `maxOutputBytes`. */
  readonly outputLimitReached: boolean;
  /** True where the command was killed since its `endBy` had come. */
  readonly overdue: boolean;
  /** The limit that it met, and was killed for or failed of; null: none. */
  readonly limitMet: LimitName | null;
  readonly usage: Usage;
  /** At most `maxOutputBytes` each. */
  readonly stdout: Captured;
  readonly stderr: Captured;
}

export interface RunningProcess {
  /**
   * Resolves once nothing of the command is alive any more and its output is complete, files closed. Rejects with
   * {@link LaunchFailedError} where nothing was started, with {@link LauncherLostError} where the launcher died, and with
   * {@link OutputLostError} where the output could not be written, say to a full disk: then too nothing of it is alive.
   */
  readonly ended: Promise<ProcessEnd>;
  /**
   * SIGTERM to every process of the command, and SIGKILL to what is left of it after `graceMs` (0 or more;
   * 0 kills at once). Calling it again can only shorten the grace.
   */
  stop(graceMs: number): void;
  /** Moves the time at which it is killed, back or forth, as {@link LaunchRequest.endBy} says it. */
  endBy(time: number): void;
}

/** The launcher process died under a running command. The command is dead too; the attempt is lost. */
export class LauncherLostError extends Error {
  constructor() {
    super('the launcher process died');
    this.name = 'LauncherLostError';
  }
}

/** The command could not be started at all; the host's fault, not the command's. */
export class LaunchFailedError extends Error {
  constructor(detail: string) {
    super(`the command could not be started: ${detail}`);
    this.name = 'LaunchFailedError';
  }
}

/** Its `startBy` has passed: this process stood still. Nothing was started. */
export class LaunchLateError extends Error {
  constructor() {
    super('it is too late to start the command');
    this.name = 'LaunchLateError';
  }
}

/** It asks for limits that this host can't enforce: to run it without them would break a promise. */
export class LimitNotEnforcedError extends Error {
  /** @param limits in the words of the API */
  constructor(limits: readonly string[]) {
    super(`This agent's host can't enforce ${limits.map((limit) => `limits.${limit}`).join(', ')}.`);
    this.name = 'LimitNotEnforcedError';
  }
}

/** What the command wrote could not be kept, or its shell not be reached; it was killed. The host's fault. */
export class OutputLostError extends Error {
  constructor(detail: string) {
    super(`the command was killed, its output could not be kept: ${detail}`);
    this.name = 'OutputLostError';
  }
}

/** Starts commands in processes that are not the server's children, and ends them whole. */
export abstract class Launcher {
  /** Starts the launcher process, probes the host. Rejects also where the sandbox asked for can't be had. */
  abstract start(): Promise<LauncherReady>;
  /**
   * Resolves when the launcher has been asked; the command may begin at once.
   * Rejects with {@link LaunchFailedError} where there is no launcher, or it can't be asked for this,
   * with {@link LimitNotEnforcedError} where its limits can't be had.
   */
  abstract launch(request: LaunchRequest): Promise<RunningProcess>;
  /** Kills all that still runs, ends the launcher process, waits for both. */
  abstract close(): Promise<void>;
}
