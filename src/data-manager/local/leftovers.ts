import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileLayout } from './file-layout.js';

const STORED_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\.json)?$/;

/** Removes what a process that died left behind: temporary files, and data or sidecars without their other half. */
export async function removeLeftovers(layout: FileLayout): Promise<void> {
  for (const name of await readdir(layout.temporary)) await rm(join(layout.temporary, name), { force: true });
  for (const shard of layout.shards) {
    for (const name of halves(await readdir(shard))) await rm(join(shard, name), { force: true });
  }
}

/** The names whose other half is missing; names that are not the store's own are left alone. */
export function halves(names: readonly string[]): string[] {
  const present = new Set(names);
  return names.filter((name) => {
    const [, id, suffix] = STORED_NAME.exec(name) ?? [];
    if (id === undefined) return false;
    return !present.has(suffix === undefined ? `${id}.json` : id);
  });
}
