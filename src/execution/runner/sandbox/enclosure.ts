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

/** At most so many processes of the sandbox itself live beside those of the command. */
export const OWN_PROCESSES = 8;
