import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../src/execution/runner/remove-tree.js';
import { atEndOfFile } from './end-of-file.js';

/** An empty directory of this test file's own. Removed after the file, which fails if that can't be done. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'job-manager-test-'));
  // Node's own can't, where a test has made a deep one.
  atEndOfFile(() => removeTree(directory));
  return directory;
}
