import { expect, it } from '@jest/globals';
import { KeyedLock } from './keyed-lock.js';

/** Works that are begun in the order of `begun`, and each end when told. */
function works(): {
  begun: string[];
  work: (name: string) => () => Promise<string>;
  ends: Map<string, () => void>;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => {
      ends.set(name, () => {
        resolve(name);
      });
    });
  };
  return { begun, work, ends };
}

it('runs what has one key in the order in which it was asked for, and other keys beside it', async () => {
  const locks = new KeyedLock();
  const { begun, work, ends } = works();
  const answers = ['a1', 'b1', 'a2', 'a3'].map((name) => locks.run(name.charAt(0), work(name)));
  expect(begun).toEqual(['a1', 'b1']);
  ends.get('a1')?.();
  await answers[0];
  expect(begun).toEqual(['a1', 'b1', 'a2']);
  ends.get('a2')?.();
  await answers[2];
  ends.get('a3')?.();
  ends.get('b1')?.();
  expect(await Promise.all(answers)).toEqual(['a1', 'b1', 'a2', 'a3']);
});

it('goes on after what failed, which only its own caller hears of', async () => {
  const locks = new KeyedLock();
  const failing = locks.run('a', () => Promise.reject(new Error('no')));
  const next = locks.run('a', () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});

it('runs at once what comes when the last is over', async () => {
  const locks = new KeyedLock();
  const { begun, work } = works();
  await locks.run('a', () => Promise.resolve());
  void locks.run('a', work('a'));
  expect(begun).toEqual(['a']);
});
