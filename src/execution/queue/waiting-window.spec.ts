import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type FirstJobs, type WaitingJob } from '../job-dispatcher.port.js';
import { WaitingWindow } from './waiting-window.js';

const job = (id: string, rank = 0, owner = 'anna'): WaitingJob => ({ id, rank, owner, requires: [] });
const all = (...jobs: WaitingJob[]): FirstJobs => ({ jobs, isAll: true });
const some = (...jobs: WaitingJob[]): FirstJobs => ({ jobs, isAll: false });

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
    window.fill(all(), []);
    [job('a', 1), job('c'), job('b', 1), job('d', -5)].forEach((each) => {
      window.add(each);
    });
    expect(drained(window)).toEqual(['d', 'c', 'a', 'b']);
  });

  it('drops the last beyond its capacity, and knows that it is not all any more', () => {
    const window = new WaitingWindow(2);
    window.fill(all(), []);
    ['a', 'b', 'c'].forEach((id) => {
      window.add(job(id));
    });
    window.add(job('d'));
    expect([window.complete, drained(window)]).toEqual([false, ['a', 'b']]);
  });

  it('keeps what was offered while the database was being read', () => {
    const window = new WaitingWindow(3);
    window.fill(all(job('a')), [job('b'), job('a')]);
    expect([window.complete, drained(window)]).toEqual([true, ['a', 'b']]);
  });

  it('forgets what is removed', () => {
    const window = new WaitingWindow(3);
    window.fill(all(job('a'), job('b')), []);
    window.remove('a');
    expect(drained(window)).toEqual(['b']);
  });

  it('lets the owners of one rank take turns, and goes on with whoever was served least', () => {
    const window = new WaitingWindow(10);
    const [anna, ben] = [
      ['a1', 'a2', 'a3', 'a4'].map((id) => job(id)),
      ['b1', 'b2'].map((id) => job(id, 0, 'ben')),
    ];
    window.fill(all(...anna, ...ben), []);
    expect([window.takeFirst()?.id, window.takeFirst()?.id, window.takeFirst()?.id]).toEqual([
      'a1',
      'b1',
      'a2',
    ]);
    window.fill(all(...anna.slice(2), ...ben.slice(1)), []);
    window.add(job('c1', 0, 'cleo'));
    expect(drained(window)).toEqual(['c1', 'b2', 'a3', 'a4']);
  });

  it('lets those who come anew have one job each before the others go on, however many come', () => {
    const window = new WaitingWindow(20);
    window.fill(all(job('a1'), job('a2'), job('a3'), job('a4')), []);
    window.takeFirst();
    const others = ['b', 'c', 'd', 'e'].flatMap((owner) => [1, 2].map((n) => job(`${owner}${n}`, 0, owner)));
    others.forEach((each) => {
      window.add(each);
    });
    expect(drained(window)).toEqual(['b1', 'c1', 'd1', 'e1', 'a2', 'b2', 'c2', 'd2', 'e2', 'a3', 'a4']);
  });

  it('gives an owner no turn for what was removed', () => {
    const window = new WaitingWindow(10);
    window.fill(all(job('a1'), job('a2'), job('a3'), job('b1', 0, 'ben'), job('b2', 0, 'ben')), []);
    ['a1', 'a2', 'a3'].forEach((id) => {
      window.remove(id);
    });
    window.add(job('a4'));
    expect(drained(window)).toEqual(['a4', 'b1', 'b2']);
  });

  it('takes nothing in that comes behind what was left to the database', () => {
    const window = new WaitingWindow(4);
    window.fill(some(job('a1'), job('a2'), job('b1', 0, 'ben'), job('b2', 0, 'ben')), []);
    [job('a9'), job('b9', 0, 'ben'), job('c1', 0, 'cleo'), job('z', 1, 'zoe')].forEach((each) => {
      window.add(each);
    });
    expect(drained(window)).toEqual(['a1', 'b1', 'c1', 'a2']);
  });

  it('does not let in an owner of whom others may wait in the database', () => {
    const window = new WaitingWindow(2);
    window.fill(some(job('a1'), job('b1', 0, 'ben')), []);
    window.add(job('c9', 0, 'cleo'));
    expect(drained(window)).toEqual(['a1', 'b1']);
  });

  const jobs = fc
    .array(
      fc.record({ rank: fc.integer({ min: -1, max: 1 }), owner: fc.constantFrom('anna', 'ben', 'cleo') }),
      { maxLength: 40 },
    )
    .map((drafts) => drafts.map(({ rank, owner }, n) => job(`j${String(n).padStart(2, '0')}`, rank, owner)));

  it('never gives out a job before an older one of its owner, nor before one of a lower rank, whatever is offered and taken', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 6 }), fc.nat(30), (offered, capacity, taken) => {
        const window = new WaitingWindow(capacity);
        window.fill(all(), []);
        const given: WaitingJob[] = [];
        offered.forEach((each, n) => {
          window.add(each);
          expect(window.size).toBeLessThanOrEqual(capacity);
          const first = n % 31 < taken && n % 2 === 0 ? window.takeFirst() : undefined;
          if (first !== undefined) given.push(first);
        });
        const complete = window.complete;
        for (let next = window.takeFirst(); next !== undefined; next = window.takeFirst()) given.push(next);
        for (const owner of ['anna', 'ben', 'cleo'])
          for (const rank of [-1, 0, 1]) {
            const theirs = (all: WaitingJob[]): string[] =>
              all.filter((each) => each.owner === owner && each.rank === rank).map(({ id }) => id);
            // No gap either: what was left to the database comes behind all that was given out.
            expect(theirs(given)).toEqual(theirs(offered).slice(0, theirs(given).length));
          }
        if (complete) expect(given).toHaveLength(offered.length);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('gives each owner of a rank as many as any other while he has some, or one less', () => {
    fc.assert(
      fc.property(jobs, (offered) => {
        const window = new WaitingWindow(100);
        window.fill(all(...offered), []);
        const given: string[] = [];
        for (let next = window.takeFirst(); next !== undefined; next = window.takeFirst()) {
          if (next.rank !== 0) continue;
          given.push(next.owner);
          const counts = ['anna', 'ben', 'cleo'].map((owner) => ({
            served: given.filter((each) => each === owner).length,
            all: offered.filter((each) => each.owner === owner && each.rank === 0).length,
          }));
          const waiting = counts.filter(({ served, all: total }) => served < total);
          const least = Math.min(...waiting.map(({ served }) => served));
          const most = Math.max(...counts.map(({ served }) => served));
          expect(most - least).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 7 },
    );
  });
});
