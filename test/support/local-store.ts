import { LocalFileStore } from '../../src/data-manager/index.js';
import { type Clock } from '../../src/kernel/clock.js';
import { atEndOfFile } from './end-of-file.js';

/** A prepared store of files in `directory`; closed at the end of the test file. */
export async function openLocalStore(
  directory: string,
  clock: Clock,
  maxBytesPerOwner?: number,
): Promise<LocalFileStore> {
  const store = new LocalFileStore(directory, { clock, maxBytesPerOwner });
  atEndOfFile(() => {
    store.close();
  });
  await store.prepare();
  return store;
}
