import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

/** @typedef {{ path: string, size: number, sha256: string }} Source */

const CHUNK = 1 << 20;

/**
 * A file of random bytes.
 *
 * @param {string} path
 * @param {number} megabytes
 * @returns {Promise<Source>}
 */
export async function makeSource(path, megabytes) {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  for (let index = 0; index < megabytes; index += 1) {
    const chunk = randomBytes(CHUNK);
    hash.update(chunk);
    await file.write(chunk);
  }
  await file.close();
  return { path, size: megabytes * CHUNK, sha256: hash.digest('hex') };
}
