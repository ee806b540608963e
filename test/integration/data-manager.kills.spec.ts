import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Sqlite from 'libsql';
import { LocalFileStore } from '../../src/data-manager/index.js';
import { filesBelow } from '../support/stored-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const WRITER = fileURLToPath(new URL('./small-files.writer.fixture.js', import.meta.url));
const ROUNDS = 5;
const QUOTA = 1_000_000_000;

/** What a writer said until it was killed, in the midst of many puts. */
async function heardOf(directory: string, answers: number): Promise<string[]> {
  const writer = spawn(process.execPath, [WRITER, directory, String(QUOTA)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  writer.stdout.setEncoding('utf8');
  writer.stdout.on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > answers) writer.kill('SIGKILL');
  });
  const [, signal] = (await once(writer, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return said.split('\n').slice(0, -1);
}

/** Of nobody in particular, as the quota has it. */
function countedIn(directory: string): number {
  const database = new Sqlite(join(directory, 'small.db'), { timeout: 1_000 });
  try {
    const [row] = database.prepare('SELECT owner, bytes FROM stored_bytes').all() as { bytes: number }[];
    return row?.bytes ?? 0;
  } finally {
    database.close();
  }
}

it('keeps every file that was answered, whole and counted, and no other half, over kills in the midst of puts', async () => {
  const directory = join(await temporaryDirectory(), 'files');
  const there = new Set<string>();
  const maybe = new Set<string>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const line of await heardOf(directory, 150 * round)) {
      const id = line.slice(1);
      if (line.startsWith('+')) there.add(id);
      else there.delete(id);
      if (line.startsWith('?')) maybe.add(id);
      if (line.startsWith('-')) maybe.delete(id);
    }
    const store = new LocalFileStore(directory, { maxBytesPerOwner: QUOTA });
    await store.prepare();
    const counted = countedIn(directory);
    let size = 0;
    const found = new Set((await filesBelow(directory)).map((name) => name.slice(0, 36)));
    expect([...there].filter((id) => !found.has(id))).toEqual([]);
    for (const id of found) {
      const content = await buffer((await store.open(id)).content);
      expect(content.equals(Buffer.alloc(parseInt(id.slice(0, 4), 16) % 80_000, id))).toBe(true);
      there.add(id);
      size += content.length;
    }
    expect(counted).toBe(size);
    store.close();
  }
  expect(there.size).toBeGreaterThan(100);
});
