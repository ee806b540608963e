import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { isSafeGlob } from '../../src/execution/output-globs.port.js';
import { collectOutputs } from '../../src/execution/runner/outputs.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('the outputs of a command', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    const make = `
      mkdir -p sub/deep .hidden && echo 1 > b.txt && echo 22 > a.txt && echo 333 > sub/deep/c.txt
      echo 4 > .secret.txt && echo 5 > .hidden/d.txt && echo 6 > input.txt
      mkfifo fifo.txt && ln -s b.txt link.txt && ln -s sub links && ln -s /etc out && mkdir dir.txt
      : > "$(printf 'bad\\377.txt')"`;
    execFileSync('/bin/sh', ['-c', make], { cwd: directory });
  });

  const pathsOf = async (...globs: string[]): Promise<string[]> => {
    const options = { leaveOut: new Set(['input.txt']), most: 1_000 };
    return (await collectOutputs(directory, globs, options)).map(({ path }) => path);
  };

  it('are regular files, sorted, without links, directories, pipes and inputs', async () => {
    expect(await pathsOf('*.txt')).toEqual(['a.txt', 'b.txt']);
    expect(await pathsOf('**/*.txt')).toEqual(['a.txt', 'b.txt', 'sub/deep/c.txt']);
    expect(await pathsOf('sub/**', 'a.txt', 'a.*')).toEqual(['a.txt', 'sub/deep/c.txt']);
    expect(await pathsOf('out/passwd', 'links/**')).toEqual([]);
    expect(await pathsOf('none')).toEqual([]);
  });

  it('are hidden files only where the glob says so', async () => {
    expect(await pathsOf('.*')).toEqual(['.secret.txt']);
    expect(await pathsOf('.hidden/*')).toEqual(['.hidden/d.txt']);
  });

  it('have a size and the bytes', async () => {
    const [output] = await collectOutputs(directory, ['sub/deep/*'], { leaveOut: new Set(), most: 1 });
    expect(output?.size).toBe(4);
    expect(output && (await text(output.open()))).toBe('333\n');
    expect(output && (await text(output.open()))).toBe('333\n');
  });

  it('are at most so many', async () => {
    const options = { leaveOut: new Set<string>(), most: 2 };
    expect(await collectOutputs(directory, ['[ab].txt'], options)).toHaveLength(2);
    await expect(collectOutputs(directory, ['[abi]*.txt'], options)).rejects.toMatchObject({
      code: 'too_large',
    });
  });

  it('are none where globs and names make matching endless', async () => {
    writeFileSync(join(directory, 'a'.repeat(200)), '');
    await expect(pathsOf(`${'*a'.repeat(20)}*b`)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('fail to open where another file took the place', async () => {
    const [output] = await collectOutputs(directory, ['a.txt'], { leaveOut: new Set(), most: 1 });
    writeFileSync(join(directory, 'other'), 'x');
    renameSync(join(directory, 'other'), join(directory, 'a.txt'));
    await expect(output && text(output.open())).rejects.toThrow('replaced');
  });
});

describe('a glob', () => {
  it.each(['*', '**/*.txt', 'a/b', '.hidden', '{a,b}/*.c', 'a..b', '[', '!a', '...'])(
    '%p is safe',
    (glob) => {
      expect(isSafeGlob(glob)).toBe(true);
    },
  );

  it.each(['', '/etc/passwd', '..', '../a', 'a/../b', 'a/..', '{..,a}/b', 'a\0', 'a'.repeat(2_000)])(
    '%p is not',
    (glob) => {
      expect(isSafeGlob(glob)).toBe(false);
    },
  );
});
