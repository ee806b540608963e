import { createReadStream, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type StagedFile, writeStaged } from './staged-file.js';
import { hasCode } from './storage-error.js';

/**
 * Renames staged bytes to where they stay. A file that was handed over from another file system is copied
 * first, to a temporary path beside the target, so that the rename shows it whole or not at all.
 */
export async function moveInto(
  staged: StagedFile,
  target: string,
  newTemporary: () => string,
): Promise<void> {
  try {
    renameSync(staged.path, target);
  } catch (error) {
    if (!staged.owned || !hasCode(error, 'EXDEV')) throw error;
    const copy = await writeStaged(newTemporary(), createReadStream(staged.path) as AsyncIterable<Buffer>);
    await copy.durable;
    renameSync(copy.path, target);
    await rm(staged.path, { force: true });
  }
}
