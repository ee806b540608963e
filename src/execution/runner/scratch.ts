import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prefixOf } from './instance-names.js';

/** Does something in a directory that is there just so long; {@link removeScratch} finds it, should this process be killed meanwhile. */
export async function inScratch<T>(instance: string, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), prefixOf(instance)));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Removes what processes of that instance, which must be dead, have left of {@link inScratch}. */
export function removeScratch(instance: string): void {
  const prefix = prefixOf(instance);
  for (const name of readdirSync(tmpdir()).filter((found) => found.startsWith(prefix))) {
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Of another user, as whom it ran before: it must not keep this one from starting.
    }
  }
}
