import { type LaunchOrder } from '../protocol.js';

/** What makes a sandbox, as the launcher starts it: the program, its arguments and its descriptors. */
export interface Enclosure {
  /** Absolute path of the program and its arguments; after them come the words of what it is to run inside. */
  readonly words: readonly string[];
  /** What it reads from {@link DESCRIPTORS}.secrets, each ended by NUL: what must not be seen in a list of processes. */
  readonly secrets: readonly string[];
  /** Absolute path of a file that it reads from {@link DESCRIPTORS}.filter. */
  readonly filterPath: string;
  /**
   * User and group as which it is started, or null: the launcher's own. Of another user the working directory is found
   * at {@link STAGED_AT}, since the way to it may be closed to that user.
   */
  readonly user: number | null;
}

/** The descriptors that an enclosure is started with, beside the three standard ones; `native/enclosure.c` has the same. */
export const DESCRIPTORS = {
  filter: 3,
  secrets: 4,
  /** Of the launcher, for what runs inside; no other program may read, write or close it. */
  told: 5,
  /** The native launcher: to be run inside as the first process, as `PROGRAM inside WORDS`. */
  inside: 6,
} as const;

/** `native/enclosure.c` and the launcher in Node have the same. */
export const STAGED_AT = '/tmp';

/** What is to be enclosed. */
export interface Enclosed {
  readonly order: LaunchOrder;
  /** True where the native launcher is in use, which has a first process for the sandbox. */
  readonly hasInside: boolean;
  /** Whether the command may use the host's network. */
  readonly network: boolean;
}

/** Keeps commands away from the host, from each other and from the service. A host application may have its own. */
export abstract class Sandbox {
  /** As the start says it. */
  abstract readonly name: string;
  /** User and group that commands run as, whose working directories must be; null: the service's own. */
  abstract readonly user: number | null;
  /** Before the first command. Rejects with {@link SandboxUnavailableError}. */
  abstract prepare(): Promise<void>;
  /** Null: commands are started bare. Throws the file system's error where a working directory can't be handed over. */
  abstract enclose(enclosed: Enclosed): Enclosure | null;
  /** Says what is lacking where a sandbox could not be made, or its first command failed. */
  abstract explain(detail: string): string;
}

/** This host can't have the sandbox that was asked for. */
export class SandboxUnavailableError extends Error {
  /** @param detail what is missing, and what to do about it */
  constructor(sandbox: string, detail: string) {
    super(`The sandbox ${sandbox} does not work here: ${detail}`);
    this.name = 'SandboxUnavailableError';
  }
}

/** Commands are contained, but see what the service's user sees. */
export class NoSandbox extends Sandbox {
  readonly name = 'none';
  readonly user = null;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  enclose(): null {
    return null;
  }

  explain(detail: string): string {
    return detail;
  }
}
