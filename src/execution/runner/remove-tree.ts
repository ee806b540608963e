import {
  chmodSync,
  constants,
  lstatSync,
  mkdtempSync,
  opendirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What lies in the parent of a tree while the tree is taken apart begins so. */
export const REMOVAL_PREFIX = '.removing-';

const OWNER_ONLY = 0o700;
/** The event loop is kept for no longer at a time, but by a single entry. */
const TURN_MS = 0.5;
const SLASH = Buffer.from('/');

/**
 * Removes a directory with all that is in it, whatever its modes, names and depth, or what lies in its place; symbolic
 * links are removed, not followed. Nothing may write to it meanwhile. One that is not there is no error.
 *
 * Every directory in it is moved to the top before it is emptied: so no path is ever long, and nothing recurs.
 * @throws Error where something can't be removed, such as a file that is immutable
 */
export async function removeTree(path: string): Promise<void> {
  const top = mkdtempSync(join(dirname(path), REMOVAL_PREFIX));
  const flattened = new Flattened(top);
  try {
    flattened.adopt(Buffer.from(path));
  } catch (error) {
    if (!hasCode(error, ['ENOENT'])) throw error;
  }
  await flattened.removeAll();
  rmdirSync(top);
}

/** Directories side by side, under numbers as names. */
class Flattened {
  private readonly waiting: Buffer[] = [];
  private adopted = 0;
  private turnBegan = performance.now();

  constructor(private readonly top: string) {}

  adopt(directory: Buffer): void {
    const target = Buffer.from(join(this.top, String(this.adopted)));
    withAccess(directory, () => {
      renameSync(directory, target);
    });
    this.adopted += 1;
    // A command may have put a link or a file in the place of its directory: that goes, not what it points to.
    if (lstatSync(target).isDirectory()) this.waiting.push(target);
    else unlinkSync(target);
  }

  async removeAll(): Promise<void> {
    for (let next = this.waiting.pop(); next !== undefined; next = this.waiting.pop()) {
      await this.empty(next);
      rmdirSync(next);
      if (this.isTurnOver()) await this.rest();
    }
  }

  private isTurnOver(): boolean {
    return performance.now() - this.turnBegan >= TURN_MS;
  }

  private async rest(): Promise<void> {
    await nextTurn();
    this.turnBegan = performance.now();
  }

  private async empty(directory: Buffer): Promise<void> {
    const entries = withAccess(directory, () =>
      opendirSync(directory, { encoding: 'buffer' as BufferEncoding }),
    );
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        // The types don't know of names as bytes here, which `encoding: 'buffer'` asks for.
        this.removeEntry(directory, entry.name as unknown as Buffer);
        if (this.isTurnOver()) await this.rest();
      }
    } finally {
      entries.closeSync();
    }
  }

  private removeEntry(directory: Buffer, name: Buffer): void {
    const path = Buffer.concat([directory, SLASH, name]);
    const { mode } = withAccess(directory, () => lstatSync(path));
    if ((mode & constants.S_IFMT) === constants.S_IFDIR)
      withAccess(directory, () => {
        this.adopt(path);
      });
    else
      withAccess(directory, () => {
        unlinkSync(path);
      });
  }
}

/** Does it again with the directory opened to its owner, where its mode was in the way. */
function withAccess<T>(directory: Buffer, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!hasCode(error, ['EACCES', 'EPERM'])) throw error;
    chmodSync(directory, OWNER_ONLY);
    return act();
  }
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
