import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './remove-tree.js';

/** Within a workspace: the working directory. */
export const FILES = 'files';

/** More than what any file system counts a ctime in. */
const CTIME_STEP_MS = 3_000;

/** Where an attempt lives: the command's working directory, and beside it, out of its sight, what it printed. */
export class Workspace {
  /** The command's working directory. */
  readonly filesPath: string;
  /** Where standard output and error are captured; not made here. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  private readonly asMade: readonly (Stats | undefined)[];
  /** Ms since the epoch. */
  private takenAt = Number.NEGATIVE_INFINITY;

  /** @param path of its directories, which exist and are empty */
  constructor(readonly path: string) {
    this.filesPath = join(path, FILES);
    this.stdoutPath = join(path, 'stdout');
    this.stderrPath = join(path, 'stderr');
    this.asMade = [statsOf(path), statsOf(this.filesPath)];
  }

  /** True where a command has put something else in the place of its directories, such as a link to others. */
  get isReplaced(): boolean {
    return [statsOf(this.path), statsOf(this.filesPath)].some((found) => found?.isDirectory() === false);
  }

  /** True where a command has left no place for what it prints: the directory is gone, or something else lies where that is kept. */
  get hasNoPlaceForOutput(): boolean {
    if (statsOf(this.path)?.isDirectory() !== true) return true;
    return [this.stdoutPath, this.stderrPath].some((path) => statsOf(path)?.isFile() === false);
  }

  /**
   * True where its directories are the very ones that were made: what changes their modes, owners, attributes or entries, be it
   * undone later, changes their ctime, though some kernels count that in steps of 4 ms.
   */
  get isAsMade(): boolean {
    const [outer, inner] = this.asMade;
    return isSame(statsOf(this.path), outer) && isSame(statsOf(this.filesPath), inner);
  }

  /** An attempt begins in it. */
  begin(): void {
    this.takenAt = Date.now();
  }

  /** True where nothing happened in it since {@link begin}. */
  get isUntouched(): boolean {
    return this.isAsMade && (this.wasLongMade || this.isEmpty());
  }

  /** Removes all of it, whatever a command made of it; rejects where something is left. Nothing may use it. */
  async remove(): Promise<void> {
    await removeTree(this.path);
  }

  /** Then whatever happened in it since would have given it another ctime. */
  private get wasLongMade(): boolean {
    return this.asMade.every((made) => made !== undefined && this.takenAt - made.ctimeMs > CTIME_STEP_MS);
  }

  private isEmpty(): boolean {
    return readdirSync(this.path).join('/') === FILES && readdirSync(this.filesPath).length === 0;
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSame(found: Stats | undefined, made: Stats | undefined): boolean {
  if (found === undefined || made === undefined) return false;
  const isSameNode = found.dev === made.dev && found.ino === made.ino && found.ctimeMs === made.ctimeMs;
  return isSameNode && found.mode === made.mode && found.uid === made.uid && found.gid === made.gid;
}
