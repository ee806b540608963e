import { basename, join } from 'node:path';
import { halves } from '../../data-manager/local/leftovers.js';
import { readSidecar } from '../../data-manager/local/sidecar.js';
import { messageOf } from '../../kernel/errors.js';
import { isUuid } from '../../kernel/ids.js';
import { type Check, type Disagreement } from '../check.js';
import { type DiskFiles, namesIn, removalOf } from './disk-files.js';

/** What lies in the directory of the built-in data manager. */
export function fileChecks(files: DiskFiles): Check[] {
  return [
    { name: 'bytes without a description, and descriptions without bytes', find: () => halfFiles(files) },
    { name: 'uploads that were broken off', find: () => brokenUploads(files) },
    { name: 'notes of the end of files that are not there', find: () => strayNotes(files) },
    { name: 'damaged files', find: () => damagedFiles(files) },
    { name: 'wrong counts of what users store', find: () => wrongCounts(files) },
  ];
}

async function* halfFiles({ layout }: DiskFiles): AsyncGenerator<Disagreement> {
  for (const shard of layout.shards) {
    for (const name of halves(await namesIn(shard))) {
      const what = name.endsWith('.json')
        ? 'describes bytes that are not there'
        : 'has bytes that nothing describes';
      yield { text: `File ${name} ${what}.`, mend: removalOf(shard, name) };
    }
  }
}

async function* brokenUploads({ layout }: DiskFiles): AsyncGenerator<Disagreement> {
  for (const name of await namesIn(layout.temporary)) {
    yield { text: `Upload ${name} was broken off.`, mend: removalOf(layout.temporary, name) };
  }
}

async function* strayNotes(files: DiskFiles): AsyncGenerator<Disagreement> {
  const { layout } = files;
  for (const hour of await namesIn(layout.expiring)) {
    const folder = join(layout.expiring, hour);
    for (const id of (await namesIn(folder)).filter(isUuid)) {
      if (await files.has(id)) continue;
      yield { text: `The end of file ${id} is noted, which is not there.`, mend: removalOf(folder, id) };
    }
  }
}

/** The bytes themselves are not read: a download does that, and says so. */
async function* damagedFiles(files: DiskFiles): AsyncGenerator<Disagreement> {
  const advice = 'Restore it from a backup, or delete it.';
  for (const { id } of files.smallRows('id', 'length(bytes) <> size')) {
    yield { text: `File ${id} has not as many bytes as it should have. ${advice}` };
  }
  for await (const id of files.large()) {
    const path = files.layout.sidecarOf(id);
    try {
      const file = await readSidecar(path);
      if (file === null || file.size === files.sizeOf(id)) continue;
      yield { text: `File ${id} has ${String(files.sizeOf(id))} bytes, not ${String(file.size)}. ${advice}` };
    } catch (error) {
      yield { text: `${basename(path)} can't be read: ${messageOf(error)}. ${advice}` };
    }
  }
}

function* wrongCounts(files: DiskFiles): Generator<Disagreement> {
  const noted = files.countedBytes();
  if (noted === undefined) return;
  const right = files.sumOfBytes();
  for (const owner of new Set([...noted.keys(), ...right.keys()])) {
    const [is, should] = [noted.get(owner) ?? 0, right.get(owner) ?? 0];
    if (is === should) continue;
    yield {
      text: `${owner} is said to store ${String(is)} bytes, and stores ${String(should)}.`,
      mend: () => {
        files.setCountedBytes(owner, should);
        return Promise.resolve();
      },
    };
  }
}
