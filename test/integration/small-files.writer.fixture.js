/**
 * Stores files in `DIRECTORY` until it is killed, many at once, of sizes on either side of the limit, and removes some:
 * `node … DIRECTORY QUOTA`. Writes a line for each that was answered: `+ID` stored, `-ID` removed. What a file holds follows
 * from its id.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';

/** @type {typeof import('../../src/data-manager/index.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { LocalFileStore } = await import(new URL('../../dist/data-manager/index.js', import.meta.url).href);
const AT_ONCE = 16;
const LARGEST = 80_000;

const [, , directory = '', quota] = process.argv;
const store = new LocalFileStore(directory, { maxBytesPerOwner: Number(quota) });
await store.prepare();

/** @param {string} id */
function contentOf(id) {
  const size = parseInt(id.slice(0, 4), 16) % LARGEST;
  return Buffer.alloc(size, id);
}

async function writeOnAndOn() {
  for (let count = 1; ; count += 1) {
    const id = randomUUID();
    await store.put({ bytes: contentOf(id) }, { id, name: id });
    writeSync(1, `+${id}\n`);
    if (count % 4 !== 0) continue;
    writeSync(1, `?${id}\n`);
    await store.remove(id);
    writeSync(1, `-${id}\n`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, writeOnAndOn));
