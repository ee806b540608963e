import { type Dir, lstatSync, opendirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK_BYTES = 512;
/** What an entry costs that has no content: its inode and its name. */
const ENTRY_BYTES = 512;
/** Looked at without a pause: about a millisecond. */
const ENTRIES_AT_ONCE = 250;
/** So that looking takes a tenth of one processor at the most. */
const PAUSE_MS = 10;
const READ_AHEAD = 64;

export interface TreeSize {
  /** On disk, as far as it was looked at. */
  readonly bytes: number;
  readonly largestFile: number;
  /** False: something in it can't be looked into, say a path longer than the kernel takes. */
  readonly isMeasured: boolean;
}

/**
 * What a directory takes on disk with all in it; links are not followed. Ends early where it is more than `most` bytes, or
 * `isWanted` says false. It is made of short steps with pauses between them, for commands are strangers'.
 */
export async function sizeOfTree(
  root: string,
  most: number,
  isWanted: () => boolean = () => true,
): Promise<TreeSize> {
  const walk = new Walk(root);
  while (walk.step(most)) {
    await delay(PAUSE_MS);
    if (!isWanted()) break;
  }
  walk.close();
  return walk;
}

class Walk implements TreeSize {
  bytes = 0;
  largestFile = 0;
  isMeasured = true;
  private readonly waiting: string[];
  private open: { readonly path: string; readonly dir: Dir } | null = null;

  constructor(root: string) {
    this.waiting = [root];
  }

  /** False once there is nothing more to look at, or no need to. */
  step(most: number): boolean {
    for (let left = ENTRIES_AT_ONCE; left > 0; left -= 1) {
      if (this.bytes > most || !this.isMeasured || !this.next()) return false;
    }
    return true;
  }

  close(): void {
    this.open?.dir.closeSync();
    this.open = null;
  }

  private next(): boolean {
    try {
      if (this.open === null) return this.enterNext();
      const entry = this.open.dir.readSync();
      if (entry === null) this.close();
      else this.count(join(this.open.path, entry.name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone meanwhile, or another thing now.
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.isMeasured = false;
    }
    return true;
  }

  private enterNext(): boolean {
    const path = this.waiting.pop();
    if (path === undefined) return false;
    this.open = { path, dir: opendirSync(path, { bufferSize: READ_AHEAD }) };
    return true;
  }

  private count(path: string): void {
    const found = lstatSync(path);
    this.bytes += ENTRY_BYTES + found.blocks * BLOCK_BYTES;
    if (found.isFile()) this.largestFile = Math.max(this.largestFile, found.size);
    if (found.isDirectory()) this.waiting.push(path);
  }
}
