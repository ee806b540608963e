import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from './remove-tree.js';
import { FILES, Workspace } from './workspace.js';

const OWNER_ONLY = 0o700;
/** More than that many wait for nobody. */
const MOST_IDLE = 256;

/**
 * The workspaces of one agent, each for one attempt at a time. One in which nothing happened is used again: on some file
 * systems making and removing a directory costs as much as starting the command.
 */
export class Workspaces {
  private readonly idle: Workspace[] = [];
  private made = 0;

  /**
   * @param root absolute path of the directory in which they lie
   * @param user and group as which commands run, null: as this process
   */
  constructor(
    private readonly root: string,
    private readonly user: number | null = null,
  ) {}

  /**
   * Makes the root, and removes what an earlier process left in it.
   * @param onFault hears of what can't be removed, such as an immutable file: it stays, and the next start tries again
   * @returns how many there were
   */
  async prepare(onFault: (error: unknown, path: string) => void): Promise<number> {
    this.openRoot();
    const paths = readdirSync(this.root).map((name) => join(this.root, name));
    for (const path of paths) {
      await removeTree(path).catch((error: unknown) => {
        onFault(error, path);
      });
    }
    return paths.length;
  }

  /**
   * An empty one.
   * @throws the file system's error where it can't be made
   */
  take(): Workspace {
    for (let one = this.idle.pop(); one !== undefined; one = this.idle.pop()) if (one.isAsMade) return one;
    try {
      return this.make();
    } catch {
      // A command that runs as this user may have removed the root, or closed it.
      this.openRoot();
      return this.make();
    }
  }

  /** Keeps it for the next or removes it; nothing may use it. Rejects where something of it is left. */
  async giveBack(workspace: Workspace): Promise<void> {
    if (this.idle.length < MOST_IDLE && workspace.isUntouched) this.idle.push(workspace);
    else await workspace.remove();
  }

  /** Removes those that wait. */
  async dispose(): Promise<void> {
    for (const workspace of this.idle.splice(0)) await workspace.remove();
  }

  /** Makes the root where it is not there, and lets its owner in. */
  private openRoot(): void {
    mkdirSync(this.root, { recursive: true, mode: OWNER_ONLY });
    const { mode } = statSync(this.root);
    if ((mode & OWNER_ONLY) !== OWNER_ONLY) chmodSync(this.root, OWNER_ONLY);
  }

  /** What can't be removed keeps its name. */
  private make(): Workspace {
    for (;;) {
      const path = join(this.root, String((this.made += 1)));
      try {
        mkdirSync(path, OWNER_ONLY);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      mkdirSync(join(path, FILES), OWNER_ONLY);
      if (this.user !== null) chownSync(join(path, FILES), this.user, this.user);
      return new Workspace(path);
    }
  }
}
