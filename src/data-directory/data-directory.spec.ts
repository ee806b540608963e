import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { temporaryDirectory } from '../../test/support/temporary-directory.js';
import { DataDirectory, DataDirectoryInUseError } from './data-directory.js';

const HOLDER = `
  const Sqlite = require('libsql');
  new Sqlite(process.argv[1], { timeout: 0 }).exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  process.stdout.write('held');
  setInterval(() => undefined, 1_000);
`;

describe('DataDirectory', () => {
  it('is held by one at a time, and keeps its identity', async () => {
    const path = join(await temporaryDirectory(), 'made', 'for us');
    const first = await DataDirectory.hold(path);
    await expect(DataDirectory.hold(path)).rejects.toThrow(DataDirectoryInUseError);
    first.release();
    const second = await DataDirectory.hold(path);
    expect(second.instanceId).toBe(first.instanceId);
    second.release();
  });

  it('is free again as soon as its holder was killed', async () => {
    const path = await temporaryDirectory();
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const holder = spawn(process.execPath, ['-e', HOLDER, join(path, 'lock.sqlite')], { stdio });
    await once(holder.stdout, 'data');
    await expect(DataDirectory.hold(path)).rejects.toThrow(path);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await eventually(async () => {
      (await DataDirectory.hold(path)).release();
    });
  });

  it('has an identity of its own in each directory', async () => {
    const one = await DataDirectory.hold(await temporaryDirectory());
    const other = await DataDirectory.hold(await temporaryDirectory());
    expect(one.instanceId).not.toBe(other.instanceId);
    one.release();
    other.release();
  });

  it.each(['instance-id', 'generation'])('is not held where its %s can not be read', async (name) => {
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
  });
});
