import { beforeEach, describe, expect, it } from '@jest/globals';
import { FlushChoice, type FlushPlace } from './flush-choice.js';

describe('Where a log is flushed', () => {
  let choice: FlushChoice;
  /** Ms of a flush, and of other work that the loop has meanwhile. */
  let world: { readonly flush: number; readonly work: number };

  beforeEach(() => {
    choice = new FlushChoice();
  });

  function places(count: number): FlushPlace[] {
    return Array.from({ length: count }, () => {
      const place = choice.next();
      if (place === 'loop') choice.tookOnLoop(world.flush);
      else choice.usedDuringThread(world.work);
      return place;
    });
  }

  function inThreads(count: number): number {
    return places(count).filter((place) => place === 'thread').length;
  }

  it('is the loop on a quick disk, whatever else there is to do', () => {
    world = { flush: 0.31, work: 5 };
    expect(inThreads(1_000)).toBe(0);
  });

  it('is the loop until a slow disk is known as one, then a thread but for every sixteenth', () => {
    world = { flush: 0.33, work: 0.2 };
    expect(inThreads(9)).toBe(0);
    expect(inThreads(160)).toBe(150);
  });

  it('is the loop but for every sixteenth where there is nothing else to do', () => {
    world = { flush: 2, work: 0.05 };
    places(9 + 16);
    expect(inThreads(160)).toBe(10);
  });

  it.each([
    [0.01, { flush: 0.07, work: 5 }, 0],
    [0.01, { flush: 0.09, work: 0.05 }, 15],
    [0.01, { flush: 0.09, work: 0.03 }, 1],
    [0.02, { flush: 0.15, work: 5 }, 0],
    [0.02, { flush: 0.17, work: 0.09 }, 15],
    [0.02, { flush: 0.17, work: 0.07 }, 1],
    [5, { flush: 0.31, work: 5 }, 0],
    [5, { flush: 0.33, work: 0.2 }, 15],
  ])('depends on what a hop to a thread takes: %d ms', (hop, here, ofSixteen) => {
    choice.hopTakes(hop);
    world = here;
    places(9 + 16);
    expect(inThreads(16)).toBe(ofSixteen);
  });

  it('is not moved by single flushes or moments that are unlike the others', () => {
    world = { flush: 0.1, work: 0.2 };
    places(9);
    world = { flush: 50, work: 0.2 };
    expect(inThreads(4)).toBe(0);
    world = { flush: 0.1, work: 0.2 };
    expect(inThreads(100)).toBe(0);
  });

  it.each([
    ['the disk slows down', { flush: 0.1, work: 1 }, { flush: 1, work: 1 }, 15],
    ['the disk is quick again', { flush: 1, work: 1 }, { flush: 0.1, work: 1 }, 0],
    ['there is more to do', { flush: 1, work: 0 }, { flush: 1, work: 1 }, 15],
    ['there is less to do', { flush: 1, work: 1 }, { flush: 1, work: 0 }, 1],
  ])('changes within a hundred flushes when %s', (_what, before, after, ofSixteen) => {
    world = before;
    places(200);
    world = after;
    places(100);
    expect(inThreads(16)).toBe(ofSixteen);
  });
});
