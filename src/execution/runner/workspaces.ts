import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { REMOVAL_PREFIX, removeTree } from './remove-tree.js';
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
  /** Names of what can't be removed, beside what is half removed: the next start tries again. */
  private readonly stuck = new Set<string>();
  private made = 0;
  /** Taken, and not given back and removed yet. */
  private used = 0;
  private isSweeping = false;

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
    const taken = this.waiting() ?? this.anew();
    taken.begin();
    this.used += 1;
    return taken;
  }

  /** Keeps it for the next or removes it; nothing may use it. Rejects where something of it, or of those before, is left. */
  async giveBack(workspace: Workspace): Promise<void> {
    if (this.idle.length < MOST_IDLE && workspace.isUntouched) {
      this.idle.push(workspace);
      this.used -= 1;
      return;
    }
    try {
      await this.remove(basename(workspace.path));
    } finally {
      this.used -= 1;
      if (this.used === 0 && !this.isSweeping) await this.removeStrays();
    }
  }

  /** Removes those that wait. */
  async dispose(): Promise<void> {
    for (const workspace of this.idle.splice(0)) await workspace.remove();
  }

  private waiting(): Workspace | undefined {
    for (let one = this.idle.pop(); one !== undefined; one = this.idle.pop()) if (one.isAsMade) return one;
    return undefined;
  }

  private anew(): Workspace {
    try {
      return this.make();
    } catch {
      // A command that runs as this user may have removed the root, or closed it.
      this.openRoot();
      return this.make();
    }
  }

  private async remove(name: string): Promise<void> {
    try {
      await removeTree(join(this.root, name));
    } catch (error) {
      this.stuck.add(name);
      throw error;
    }
  }

  /** What commands have put beside their workspaces. While none runs, nothing else lies there but those that wait. */
  private async removeStrays(): Promise<void> {
    this.openRoot();
    const known = new Set([...this.stuck, ...this.idle.map(({ path }) => basename(path))]);
    const strays = readdirSync(this.root).filter(
      (name) => !known.has(name) && !name.startsWith(REMOVAL_PREFIX),
    );
    this.isSweeping = true;
    try {
      for (const name of strays) await this.remove(name);
    } finally {
      this.isSweeping = false;
    }
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
