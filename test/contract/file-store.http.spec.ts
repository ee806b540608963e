import { HttpFileStore } from '../../src/data-manager/index.js';
import { serveFiles } from '../support/embedded-files.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { describeFileStore } from './file-store.contract.js';

const RETRIES = { baseMs: 1, capMs: 5 };

describeFileStore('HTTP to the embedded server', async () => {
  const { url, directory } = await serveFiles();
  const store = new HttpFileStore({ baseUrl: `${url}/deep/base/`, retries: RETRIES });
  atEndOfFile(() => {
    store.close();
  });
  return { store, directory };
});
