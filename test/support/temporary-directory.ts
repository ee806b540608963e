import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEndOfFile } from './end-of-file.js';

/** An empty directory of this test file's own. Removed after the file, which fails if that can't be done. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'job-manager-test-'));
  atEndOfFile(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}
