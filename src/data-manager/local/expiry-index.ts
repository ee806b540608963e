import { closeSync, openSync } from 'node:fs';
import { mkdir, opendir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isUuid } from '../../kernel/ids.js';
import { syncFolder } from './folder-sync.js';
import { hasCode } from './storage-error.js';

const HOUR_MS = 3_600_000n;

/**
 * Which files end in which hour, as empty files in one folder per hour: neither a sweep nor a start reads more than
 * what is due, and files without an end cost nothing.
 */
export class ExpiryIndex {
  constructor(private readonly root: string) {}

  /** Notes durably that `id` ends at `expiresAt` (milliseconds since the epoch). */
  async add(id: string, expiresAt: bigint): Promise<void> {
    const folder = this.folderOf(expiresAt);
    for (let isNoted = false; !isNoted;) {
      const isNew = (await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined;
      if (isNew) await syncFolder(this.root);
      isNoted = noteIn(folder, id);
    }
    await syncFolder(folder);
  }

  /** Forgets that, at once or, after a loss of power, by the sweep of that hour. */
  async remove(id: string, expiresAt: bigint): Promise<void> {
    const folder = this.folderOf(expiresAt);
    await rm(join(folder, id), { force: true });
    await removeIfEmpty(folder);
  }

  /**
   * Calls `end` with each id that may be due at `now`. It answers true where nothing is left to do for
   * that id; the note then goes.
   */
  async sweep(now: number, end: (id: string) => Promise<boolean>): Promise<void> {
    const thisHour = BigInt(now) / HOUR_MS;
    for (const hour of await readdir(this.root)) {
      if (!/^\d+$/.test(hour) || BigInt(hour) > thisHour) continue;
      await this.sweepHour(join(this.root, hour), BigInt(hour) < thisHour, end);
    }
  }

  private folderOf(expiresAt: bigint): string {
    return join(this.root, (expiresAt / HOUR_MS).toString());
  }

  private async sweepHour(
    folder: string,
    isOver: boolean,
    end: (id: string) => Promise<boolean>,
  ): Promise<void> {
    for await (const { name: id } of await opendir(folder)) {
      const done = !isUuid(id) || (await end(id)) || isOver;
      if (done) await rm(join(folder, id), { force: true });
    }
    if (isOver) await removeIfEmpty(folder);
  }
}

/** False where the folder, still empty, was just removed. */
function noteIn(folder: string, id: string): boolean {
  try {
    closeSync(openSync(join(folder, id), 'w', 0o600));
    return true;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return false;
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'ENOENT')) throw error;
  }
}
