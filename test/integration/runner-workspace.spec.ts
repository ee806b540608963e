import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Workspace } from '../../src/execution/runner/workspace.js';
import { Workspaces } from '../../src/execution/runner/workspaces.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const fail = (error: unknown): void => {
  throw error;
};

describe('a workspace', () => {
  let root: string;
  let workspaces: Workspaces;
  let workspace: Workspace;

  beforeEach(async () => {
    root = join(await temporaryDirectory(), 'work');
    workspaces = new Workspaces(root);
    await workspaces.prepare(fail);
    workspace = workspaces.take();
  });

  const inFiles = (command: string): void => {
    execFileSync('/bin/sh', ['-c', command], { cwd: workspace.filesPath });
  };

  /** Some kernels count the times of files in steps of some ms. */
  const expectChangeOfClock = (): Promise<void> =>
    eventually(() => {
      writeFileSync(join(root, '../clock'), '');
      expect(statSync(join(root, '../clock')).mtimeMs).toBeGreaterThan(
        statSync(workspace.filesPath).ctimeMs + 4,
      );
    });

  const expectGone = async (): Promise<void> => {
    await workspace.remove();
    expect(readdirSync(root)).toEqual([]);
  };

  it('is for its owner only, and empty', () => {
    expect(statSync(workspace.filesPath).mode & 0o777).toBe(0o700);
    expect(statSync(workspace.path).mode & 0o777).toBe(0o700);
    expect(readdirSync(workspace.filesPath)).toEqual([]);
  });

  it('does not outlive itself where a command has moved it, once nothing runs', async () => {
    const other = workspaces.take();
    inFiles('mkdir ../../made; mv "$PWD" ../../moved');
    await workspaces.giveBack(workspace);
    expect(readdirSync(root).sort()).toEqual(['2', 'made', 'moved']);
    await workspaces.giveBack(other);
    expect(readdirSync(root).sort()).toEqual(['2', 'made', 'moved']);
    const last = workspaces.take();
    writeFileSync(join(last.filesPath, 'x'), '');
    await workspaces.giveBack(last);
    expect(readdirSync(root)).toEqual([]);
  });

  it('is there for the next job though the directory of all was removed', async () => {
    await workspaces.giveBack(workspace);
    execFileSync('rm', ['-r', root]);
    const next = workspaces.take();
    expect(readdirSync(next.path)).toEqual(['files']);
    expect(readdirSync(next.filesPath)).toEqual([]);
  });

  it('lies in a directory that is opened again where it lets not even its owner in', async () => {
    chmodSync(root, 0);
    await workspaces.prepare(fail);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });

  it('is for one at a time', async () => {
    const other = workspaces.take();
    expect(other.path).not.toBe(workspace.path);
    await workspaces.giveBack(other);
  });

  it('is another’s next where nothing happened in it, and goes in the end', async () => {
    await workspaces.giveBack(workspace);
    expect(workspaces.take()).toBe(workspace);
    await workspaces.giveBack(workspace);
    await workspaces.dispose();
    expect(readdirSync(root)).toEqual([]);
  });

  it('has another name than what could not be removed', () => {
    mkdirSync(join(root, '2'));
    expect(workspaces.take().path).toBe(join(root, '3'));
    expect(readdirSync(join(root, '2'))).toEqual([]);
  });

  it.each([
    ['a file', 'touch x'],
    ['a file that is gone again', 'touch x; rm x'],
    ['another mode', 'chmod 755 .'],
    ['another mode that was put back', 'chmod 755 .; chmod 700 .'],
    ['a time', 'touch -d 2000-01-01 .'],
    ['a file beside it', 'touch ../x'],
    ['another directory in its place', 'mv ../files ../moved; mkdir -m 700 ../files; rm -r ../moved'],
  ])('is no one’s again after %s', async (_what, command) => {
    await expectChangeOfClock();
    inFiles(command);
    await workspaces.giveBack(workspace);
    expect(readdirSync(root)).toEqual([]);
    expect(workspaces.take()).not.toBe(workspace);
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

  it('lets others have their turns while it goes, however many directories are in it', async () => {
    const many = 5_000;
    inFiles(`seq ${many} | xargs mkdir`);
    const left = (): number => readdirSync(root).flatMap((name) => readdirSync(join(root, name))).length;
    let [before, mostInATurn] = [0, 0];
    let next = setImmediate(function look() {
      const now = left();
      mostInATurn = Math.max(mostInATurn, before - now);
      before = now;
      next = setImmediate(look);
    });
    await expectGone();
    clearImmediate(next);
    expect(mostInATurn).toBeGreaterThan(0);
    expect(mostInATurn).toBeLessThan(many / 5);
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
    inFiles(`cd ../..; mv 1 moved; ln -s '${outside}' 1`);
    expect(workspace.isReplaced).toBe(true);
    await workspace.remove();
    expect(readdirSync(root)).toEqual(['moved']);
    expect(readdirSync(outside).sort()).toEqual(['files', 'stdout']);
  });

  it('that is no directory at all goes', async () => {
    await workspace.remove();
    writeFileSync(workspace.path, '');
    await expectGone();
  });

  it('that was half removed by a process that died is found and goes', async () => {
    mkdirSync(join(root, '.removing-x/0/a'), { recursive: true });
    expect(await workspaces.prepare(fail)).toBe(2);
    expect(readdirSync(root)).toEqual([]);
  });
});
