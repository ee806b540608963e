import { basename, join, relative } from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { filesIn, noWorkingDirectoryIn, nothingAliveWith } from '../../support/marked-jobs.js';
import { smallFilesIn } from '../../support/stored-files.js';
import { type Fleet } from './fleet.js';
import { type Yard } from './yard.js';

/** Longer than the service waits before it tries a removal again that had failed. */
const REMOVED_WITHIN_MS = 90_000;

/** BullMQ looks each 10 s for ids whose holder has died, and believes its second look. */
const STALLED_WITHIN_MS = 45_000;

/** What a process keeps on disk between two runs. */
const KEPT = ['generation', 'lock.sqlite', 'instance-id'];
/** What Redis holds while nothing waits: of constant size, whatever went through. */
const CONSTANT_KEY = /^[^:]+:(queues|jobs(@[^:]+)?:(events|id|meta|stalled-check|marker|window))$/;

/** Every stored file belongs to a job, or was there before. */
export async function noStrayFile(fleet: Fleet, owned: ReadonlySet<string>): Promise<void> {
  await eventually(
    async () => {
      const directory = join(fleet.dataManager.dataDir, 'files');
      const large = (await filesIn(join(directory, 'by-id'))).map((path) => basename(path, '.json'));
      const stored = [...large, ...smallFilesIn(directory)];
      expect(stored.filter((id) => !owned.has(id))).toEqual([]);
    },
    { withinMs: REMOVED_WITHIN_MS, everyMs: 500 },
  );
}

/** Ids that agents died with go back into the queue, and from there out of Redis, while other agents run. */
export async function queuesAreEmpty(fleet: Fleet): Promise<void> {
  await eventually(() => noStrayKey(fleet), { withinMs: STALLED_WITHIN_MS, everyMs: 500 });
}

/** After everything was stopped: nothing runs, and nothing lies about. */
export async function nothingLeftOf(fleet: Fleet, yard: Yard): Promise<void> {
  await nothingAliveWith(yard.directory);
  for (const { dataDir } of fleet.all) {
    await nothingAliveWith(dataDir);
    await noWorkingDirectoryIn(dataDir);
  }
  expect(await filesIn(join(fleet.dataManager.dataDir, 'files', 'tmp'))).toEqual([]);
  for (const { dataDir } of [...fleet.servers, ...fleet.agents]) {
    const files = (await filesIn(dataDir)).map((path) => relative(dataDir, path));
    expect(files.filter((file) => !KEPT.includes(file))).toEqual([]);
  }
  await noStrayKey(fleet);
}

/** Redis holds nothing of a job. */
async function noStrayKey(fleet: Fleet): Promise<void> {
  const keys = await fleet.redisSpace.keys();
  expect(keys.filter((key) => !CONSTANT_KEY.test(key))).toEqual([]);
}
