import { join } from 'node:path';
import { LocalFileStore } from '../../src/data-manager/index.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { describeFileStore } from './file-store.contract.js';

describeFileStore('a local directory', async () => {
  const directory = join(await temporaryDirectory(), 'files');
  const store = new LocalFileStore(directory);
  atEndOfFile(() => {
    store.close();
  });
  await store.prepare();
  return { store, directory };
});
