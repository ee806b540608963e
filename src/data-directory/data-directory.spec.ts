import { expect, it } from '@jest/globals';
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { DataDirectory, DataDirectoryInUseError } from './data-directory.js';

it('a data directory is held by one at a time, under one name and a number that counts', async () => {
  const path = join(await temporaryDirectory(), 'made', 'here');
  const first = await DataDirectory.hold(path);
  await expect(DataDirectory.hold(path)).rejects.toThrow(DataDirectoryInUseError);
  first.release();
  const second = await DataDirectory.hold(path);
  expect([second.instanceId, second.generation]).toEqual([first.instanceId, first.generation + 1]);
  second.release();
});

it.each(['instance-id', 'generation'])(
  'a data directory whose %s can not be read is not held',
  async (name) => {
    const path = await temporaryDirectory();
    const held = await DataDirectory.hold(path);
    held.release();
    const file = join(path, name);
    await rename(file, `${file}.kept`);
    await mkdir(file);
    await expect(DataDirectory.hold(path)).rejects.toThrow('EISDIR');
    // Mended, it is the same one: nobody holds it, and nothing was made anew.
    await rmdir(file);
    await rename(`${file}.kept`, file);
    const again = await DataDirectory.hold(path);
    expect([again.instanceId, again.generation]).toEqual([held.instanceId, held.generation + 1]);
    again.release();
  },
);
