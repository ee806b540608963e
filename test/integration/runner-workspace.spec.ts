import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { listWorkspaces, Workspace } from '../../src/execution/runner/workspace.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('a workspace', () => {
  let root: string;
  let workspace: Workspace;

  beforeEach(async () => {
    root = await temporaryDirectory();
    workspace = await Workspace.create(root, 'job.1');
  });

  const inFiles = (command: string): void => {
    execFileSync('/bin/sh', ['-c', command], { cwd: workspace.filesPath });
  };

  const expectGone = async (): Promise<void> => {
    await workspace.remove();
    expect(readdirSync(root)).toEqual([]);
  };

  it('is for its owner only, and empty', () => {
    expect(statSync(workspace.filesPath).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, 'job.1')).mode & 0o777).toBe(0o700);
    expect(readdirSync(workspace.filesPath)).toEqual([]);
  });

  it('is not made twice', async () => {
    await expect(Workspace.create(root, 'job.1')).rejects.toThrow('EEXIST');
  });

  it('is listed and removed by its key', async () => {
    expect(await listWorkspaces(root)).toEqual(['job.1']);
    await Workspace.open(root, 'job.1').remove();
    expect(await listWorkspaces(root)).toEqual([]);
    expect(await listWorkspaces(join(root, 'none'))).toEqual([]);
  });

  it('goes with what was printed, small or large', async () => {
    writeFileSync(workspace.stdoutPath, Buffer.alloc(10_000_000));
    writeFileSync(workspace.stderrPath, 'x');
    await expectGone();
  });

  it('goes twice without a fault', async () => {
    await expectGone();
    await expectGone();
  });

  it('goes whatever modes its files have', async () => {
    mkdirSync(join(workspace.filesPath, 'a/b'), { recursive: true });
    writeFileSync(join(workspace.filesPath, 'a/b/c'), '', { mode: 0o000 });
    chmodSync(join(workspace.filesPath, 'a/b'), 0o000);
    chmodSync(join(workspace.filesPath, 'a'), 0o400);
    chmodSync(workspace.filesPath, 0o500);
    await expectGone();
  });

  it('goes however deep it is', async () => {
    // From the bottom up: no path is ever long.
    const [inner, outer] = [join(workspace.filesPath, 'd'), join(workspace.filesPath, 'e')];
    mkdirSync(inner);
    for (let depth = 1; depth < 10_000; depth += 1) {
      mkdirSync(outer);
      renameSync(inner, join(outer, 'd'));
      renameSync(outer, inner);
    }
    await expectGone();
  });

  it('goes however much is in it', async () => {
    inFiles('mkdir many; seq 100000 | (cd many; xargs touch)');
    await expectGone();
  });

  it('goes with names that are no text', async () => {
    inFiles(`mkdir "$(printf '\\377\\376')"; : > "$(printf '\\377\\376/\\201')"; : > '-rf *
'; mkfifo fifo`);
    await expectGone();
  });

  it('goes without what its links point to', async () => {
    const outside = await temporaryDirectory();
    writeFileSync(join(outside, 'kept'), '');
    symlinkSync(outside, join(workspace.filesPath, 'link'));
    symlinkSync(join(outside, 'kept'), join(workspace.filesPath, 'file-link'));
    await expectGone();
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  it('goes where a command put a link or a file in the place of its directory', async () => {
    const outside = await temporaryDirectory();
    writeFileSync(join(outside, 'kept'), '');
    inFiles(`mv ../files ../moved; ln -s '${outside}' ../files`);
    await expectGone();
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  it('goes where a command put a link in the place of the whole of it', async () => {
    const outside = await temporaryDirectory();
    mkdirSync(join(outside, 'files'));
    writeFileSync(join(outside, 'stdout'), '');
    expect(workspace.isReplaced).toBe(false);
    inFiles(`cd ../..; mv job.1 moved; ln -s '${outside}' job.1`);
    expect(workspace.isReplaced).toBe(true);
    await workspace.remove();
    expect(readdirSync(root)).toEqual(['moved']);
    expect(readdirSync(outside).sort()).toEqual(['files', 'stdout']);
  });

  it('that is no directory at all goes', async () => {
    await workspace.remove();
    writeFileSync(join(root, 'job.1'), '');
    await expectGone();
  });

  it('that was half removed by a process that died is found and goes', async () => {
    mkdirSync(join(root, '.removing-x/0/a'), { recursive: true });
    for (const key of await listWorkspaces(root)) await Workspace.open(root, key).remove();
    expect(readdirSync(root)).toEqual([]);
  });
});
