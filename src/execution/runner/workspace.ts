import { lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './remove-tree.js';

const OWNER_ONLY = 0o700;
/** Above it, in bytes, unlinking takes long enough to be left to the thread pool's pace. */
const SMALL_FILE = 4_194_304;

/** Where one attempt lives: the command's working directory, and beside it, out of its sight, what it printed. */
export class Workspace {
  /** The command's working directory. */
  readonly filesPath: string;
  /** Where standard output and error are captured; not made here. */
  readonly stdoutPath: string;
  readonly stderrPath: string;

  private constructor(private readonly path: string) {
    this.filesPath = join(path, 'files');
    this.stdoutPath = join(path, 'stdout');
    this.stderrPath = join(path, 'stderr');
  }

  /**
   * @param root absolute path of an existing directory
   * @param key a plain file name; rejects where there is a workspace of that key
   */
  static create(root: string, key: string): Promise<Workspace> {
    return promised(() => {
      const workspace = Workspace.open(root, key);
      mkdirSync(workspace.path, OWNER_ONLY);
      mkdirSync(workspace.filesPath, OWNER_ONLY);
      return workspace;
    });
  }

  /** The workspace of an earlier run, to remove it. */
  static open(root: string, key: string): Workspace {
    return new Workspace(join(root, key));
  }

  /** True where a command has put something else in the place of its directories, such as a link to others. */
  get isReplaced(): boolean {
    return [this.path, this.filesPath].some((path) => {
      return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
    });
  }

  /** Removes all of it, whatever a command made of it; rejects where something is left. Nothing may use it. */
  async remove(): Promise<void> {
    if (!this.removeUntouched()) await removeTree(this.path);
  }

  /** The usual case, in few calls: no file was left behind, and what was printed is small. */
  private removeUntouched(): boolean {
    try {
      if (!lstatSync(this.path).isDirectory()) return false;
      rmdirSync(this.filesPath);
      removeSmall(this.stdoutPath);
      removeSmall(this.stderrPath);
      rmdirSync(this.path);
      return true;
    } catch {
      return false;
    }
  }
}

/** Keys of all workspaces below a root, half-removed ones included; none where there is no such directory. */
export function listWorkspaces(root: string): Promise<string[]> {
  return promised(() => {
    try {
      return readdirSync(root);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

function removeSmall(path: string): void {
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return;
  if (size > SMALL_FILE) throw new Error('not small');
  unlinkSync(path);
}

// A few calls of some microseconds each: cheaper than a way through the thread pool.
function promised<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(act());
  });
}
