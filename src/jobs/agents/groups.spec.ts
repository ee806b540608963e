import { describe, expect, it } from '@jest/globals';
import { Groups } from './groups.js';

describe('Groups', () => {
  /** Work that is done when it is told so. */
  function held(largest: number): {
    groups: Groups<number, number>;
    seen: number[][];
    finish: () => Promise<void>;
  } {
    const seen: number[][] = [];
    const ends: (() => void)[] = [];
    const groups = new Groups<number, number>(async (items) => {
      seen.push([...items]);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (items.includes(0)) throw new Error('no zero');
      return items.map((item) => item * 10);
    }, largest);
    const finish = async (): Promise<void> => {
      while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
      ends.shift()?.();
    };
    return { groups, seen, finish };
  }

  it('does the first at once, and what comes meanwhile together, in order, at most so many', async () => {
    const { groups, seen, finish } = held(2);
    const answers = [1, 2, 3, 4].map((item) => groups.ask(item));
    expect(seen).toEqual([[1]]);
    await finish();
    expect(await answers[0]).toBe(10);
    await finish();
    expect(seen).toEqual([[1], [2, 3]]);
    expect(await Promise.all(answers.slice(1, 3))).toEqual([20, 30]);
    await finish();
    expect(await answers[3]).toBe(40);
    expect(seen).toEqual([[1], [2, 3], [4]]);
  });

  it('tells all of a group what went wrong, and goes on', async () => {
    const { groups, finish } = held(9);
    const answers = [1, 0, 2].map((item) => groups.ask(item));
    await finish();
    await answers[0];
    await finish();
    const results = await Promise.allSettled(answers.slice(1));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = groups.ask(5);
    await finish();
    expect(await later).toBe(50);
  });
});
