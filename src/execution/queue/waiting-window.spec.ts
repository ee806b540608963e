import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type WaitingJob } from '../job-dispatcher.port.js';
import { WaitingWindow } from './waiting-window.js';

const job = (id: string, rank = 0): WaitingJob => ({ id, rank, requires: [] });

function drained(window: WaitingWindow): string[] {
  const ids: string[] = [];
  for (let next = window.takeFirst(); next !== undefined; next = window.takeFirst()) ids.push(next.id);
  return ids;
}

describe('WaitingWindow', () => {
  it('begins in doubt, and takes nothing in before the database was asked', () => {
    const window = new WaitingWindow(3);
    window.add(job('a'));
    expect([window.size, window.complete]).toEqual([0, false]);
  });

  it('gives out by rank, then by age', () => {
    const window = new WaitingWindow(10);
    window.fill([], []);
    [job('b', 1), job('c'), job('a', 1), job('d', -5)].forEach((each) => {
      window.add(each);
    });
    expect(drained(window)).toEqual(['d', 'c', 'a', 'b']);
  });

  it('drops the last beyond its capacity, and knows that it is not all any more', () => {
    const window = new WaitingWindow(2);
    window.fill([], []);
    ['b', 'c', 'a'].forEach((id) => {
      window.add(job(id));
    });
    expect([window.complete, drained(window)]).toEqual([false, ['a', 'b']]);
  });

  it('keeps what was offered while the database was being read', () => {
    const window = new WaitingWindow(3);
    window.fill([job('a')], [job('b'), job('a')]);
    expect([window.complete, drained(window)]).toEqual([true, ['a', 'b']]);
  });

  it('forgets what is removed', () => {
    const window = new WaitingWindow(3);
    window.fill([job('a'), job('b')], []);
    window.remove('a');
    expect(drained(window)).toEqual(['b']);
  });

  it('never holds back a job that comes before one it gives out, whatever is offered', () => {
    const jobs = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-f]{1,4}$/),
        rank: fc.integer({ min: -2, max: 2 }),
        requires: fc.constant([]),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 5 }), (all, capacity) => {
        const inOrder = [...all]
          .sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
          .map(({ id }) => id);
        const window = new WaitingWindow(capacity);
        window.fill([], all);
        expect(window.size).toBeLessThanOrEqual(capacity);
        const given = drained(window);
        expect(given).toEqual(inOrder.slice(0, given.length));
        if (window.complete) expect(given).toHaveLength(all.length);
      }),
      { seed: 7 },
    );
  });
});
