import { join } from 'node:path';
import { LocalFileStore } from '../../src/data-manager/index.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { describeFileStore } from './file-store.contract.js';

const QUOTAS = [
  ['a local directory', undefined],
  ['a local directory where each owner has a quota', 1_000_000_000],
] as const;

for (const [name, maxBytesPerOwner] of QUOTAS) {
  describeFileStore(name, async () => {
    const directory = join(await temporaryDirectory(), 'files');
    const store = new LocalFileStore(directory, { maxBytesPerOwner });
    atEndOfFile(() => {
      store.close();
    });
    await store.prepare();
    return { store, directory };
  });
}
