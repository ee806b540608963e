import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually, type Patience } from './eventually.js';
import { processesWith } from './processes.js';

/** A number of seconds for `sleep`, hours long, that no other process on this machine sleeps. */
export function uniqueSleep(): string {
  return `${randomInt(10_000, 99_999)}.${randomInt(100_000_000, 999_999_999)}`;
}

/** Waits until no live process carries `token`. */
export function nothingAliveWith(token: string, patience?: Patience): Promise<void> {
  return eventually(async () => {
    expect(await processesWith(token)).toEqual([]);
  }, patience);
}

/** Waits until nothing of any job is left in a working directory, nor a directory but those for the next ones. */
export function noWorkingDirectoryIn(dataDir: string, patience?: Patience): Promise<void> {
  return eventually(async () => {
    const directories = await entriesOf(join(dataDir, 'work'));
    for (const name of directories) {
      expect(name).toMatch(/^\d+$/);
      expect(await entriesOf(join(dataDir, 'work', name))).toEqual(['files']);
      expect(await entriesOf(join(dataDir, 'work', name, 'files'))).toEqual([]);
    }
  }, patience);
}

/** Paths of all files in `directory`, however deep; none where it does not exist. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function entriesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}
