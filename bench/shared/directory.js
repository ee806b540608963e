import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file system that is measured: that of `BENCH_DIR`, or of the directory for temporary files. */
export const BASE = process.env.BENCH_DIR ?? tmpdir();

/**
 * Runs a benchmark in a directory of its own, and removes it however that ends.
 *
 * @param {(directory: string) => Promise<void>} run
 */
export async function inDirectory(run) {
  const directory = await mkdtemp(join(BASE, 'job-manager-bench-'));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
