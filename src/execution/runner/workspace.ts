import { lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from './remove-tree.js';

const OWNER_ONLY = 0o700;
/** Above it, in bytes, unlinking takes long enough to be left to the thread pool's pace. */
const SMALL_FILE = 4_194_304;

const CAPTURED = /\.(?:stdout|stderr)$/;

/**
 * Where one attempt lives: the command's working directory, and beside it what it printed. One directory, for those
 * cost a file system more than anything else here.
 */
export class Workspace {
  /** Where standard output and error are captured; not made here. */
  readonly stdoutPath: string;
  readonly stderrPath: string;

  /** @param filesPath the command's working directory */
  private constructor(readonly filesPath: string) {
    this.stdoutPath = `${filesPath}.stdout`;
    this.stderrPath = `${filesPath}.stderr`;
  }

  /**
   * @param root absolute path of an existing directory
   * @param key a plain file name without `.stdout` or `.stderr` at its end; rejects where there is a workspace of that key
   */
  static create(root: string, key: string): Promise<Workspace> {
    return promised(() => {
      const workspace = Workspace.open(root, key);
      mkdirSync(workspace.filesPath, OWNER_ONLY);
      return workspace;
    });
  }

  /** The workspace of an earlier run, to remove it. */
  static open(root: string, key: string): Workspace {
    return new Workspace(join(root, key));
  }

  /** Removes all of it, whatever a command made of it; rejects where something is left. Nothing may use it. */
  async remove(): Promise<void> {
    if (!this.removeUntouched()) await removeTree(this.filesPath);
    for (const path of [this.stdoutPath, this.stderrPath]) await removeFile(path);
  }

  /** The usual case, in one call: no file was left behind. */
  private removeUntouched(): boolean {
    try {
      rmdirSync(this.filesPath);
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
      return [...new Set(readdirSync(root).map((name) => name.replace(CAPTURED, '')))];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

async function removeFile(path: string): Promise<void> {
  const size = lstatSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return;
  if (size > SMALL_FILE) await unlink(path);
  else unlinkSync(path);
}

// A few calls of some microseconds each: cheaper than a way through the thread pool.
function promised<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(act());
  });
}
