import { type Captured, type Containment } from './launcher.js';
import { type Enclosure } from './sandbox/enclosure.js';

/**
 * What server and launcher say to each other on the launcher's standard input (requests) and standard output (reports):
 * frames of a length (32 bits, little-endian, without itself) and so many bytes. These are fields of UTF-8, each ended by NUL,
 * the kind of the message first; in `ended` the bytes of what was held follow the last field. `native/` speaks the same.
 *
 * - The first request is `start`; its answer is `ready`, or `unable` and the launcher exits.
 * - `launch` is answered by one of `refused` (nothing was started), `ended` and `lost`.
 * - A place runs one command at a time; which one is free is the client's to know, and that its cgroups exist.
 * - `stop` and `endBy` have no answer of their own; for an `id` that has ended they do nothing.
 * - At its `endBy` (ms of CLOCK_MONOTONIC) the launcher kills a command by itself, whether or not the server reads
 *   or says anything; a command whose time has come before it began is never begun: only `ended` is told.
 * - Output is held in memory while it is at most {@link HELD_BYTES} and the command runs no longer than {@link HELD_MS};
 *   otherwise the file is made, and has all of it.
 * - When its standard input ends, for whatever reason, the launcher kills all that it started, waits until
 *   nothing of it is alive, and exits.
 * - When the launcher dies, the kernel or the client's sweep by {@link MARK_VARIABLE} ends what it started.
 */
export type LauncherRequest =
  | {
      readonly op: 'start';
      readonly containment: Containment | null;
      readonly instance: string;
      /** Directories, one for each hierarchy, in which each place has its cgroup, named by its number. */
      readonly cgroups: readonly string[];
    }
  /** `place`: 0 or more. */
  | { readonly op: 'launch'; readonly id: number; readonly place: number; readonly order: LaunchOrder }
  | { readonly op: 'stop'; readonly id: number; readonly graceMs: number }
  | { readonly op: 'endBy'; readonly id: number; readonly time: number };

export type LauncherReport =
  | { readonly op: 'ready'; readonly containment: Containment }
  | { readonly op: 'unable'; readonly detail: string }
  | { readonly op: 'refused'; readonly id: number; readonly detail: string }
  | { readonly op: 'ended'; readonly id: number; readonly end: CommandEnd }
  | { readonly op: 'lost'; readonly id: number; readonly detail: string };

/** A `LaunchRequest`, with what marks its processes. Without NUL anywhere. */
export interface LaunchOrder {
  /** RLIMIT_LOCKS, in decimal: see lock-limit.ts. */
  readonly lockLimit: string;
  readonly maxOutputBytes: number;
  readonly endBy: number | null;
  /** Of each process, here and below; 0: no limit. The launcher sets them, the client watches over the whole tree. */
  readonly cpuSeconds: number;
  readonly fileBytes: number;
  readonly openFiles: number;
  readonly workingDirectory: string;
  readonly stdoutPath: string;
  readonly stderrPath: string;
  readonly command: string;
  /** `NAME=VALUE`, the mark among them; where there is an enclosure, for the program that makes it. */
  readonly environment: readonly string[];
  /** Null: no sandbox. */
  readonly enclosure: Enclosure | null;
}

/** As `ProcessEnd`, with the signal's number, and what the launcher knows of its usage. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly outputLimitReached: boolean;
  readonly overdue: boolean;
  /** Of all that the launcher reaped; null where it can't tell. */
  readonly cpuMicroseconds: number | null;
  readonly writtenBytes: number | null;
  readonly stdout: Captured;
  readonly stderr: Captured;
}

/** The most that is held of one stream; `native/output.c` has the same. */
export const HELD_BYTES = 16_384;
/** The longest that it is held, in ms; `native/seat.c` has the same. */
export const HELD_MS = 100;

/** In the environment of all that a launcher starts: `INSTANCE/KEY` in a command, `INSTANCE/` and a role elsewhere. */
export const MARK_VARIABLE = 'JOB_MANAGER_MARK';

/** Where launcher and containment look for the host's programs; a command has the `PATH` of its own environment. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
