import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../../test/support/eventually.js';
import { SteadyClock } from '../kernel/clock.js';
import { DueWork } from './due-work.js';

describe('DueWork', () => {
  const clock = new SteadyClock();
  let due: number[] = [];
  let done: number[] = [];
  let runs = 0;
  let faults = 0;
  let work: DueWork;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterEach(() => work.stop());

  function made(): DueWork {
    [due, done, runs] = [[], [], 0];
    work = new DueWork({
      name: 'the test',
      clock,
      longestSleepMs: 30_000,
      next: () => Promise.resolve(due.length === 0 ? null : Math.min(...due)),
      work: (now) => {
        runs += 1;
        if (faults-- > 0) return Promise.reject(new Error('the database is away'));
        done.push(...due.filter((at) => at <= now));
        due = due.filter((at) => at > now);
        return Promise.resolve();
      },
    });
    return work;
  }

  async function untilDone(times: number[]): Promise<void> {
    await eventually(() => {
      expect(done).toEqual(times);
    });
  }

  async function turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  }

  it('begins with what was due before it was started', async () => {
    made();
    due = [1, 2];
    work.start();
    await untilDone([1, 2]);
  });

  it('does each thing when it is due, not before, and goes on to the next by itself', async () => {
    made();
    const [first, second] = [clock.now() + 40, clock.now() + 80];
    due = [second, first];
    work.start();
    await eventually(() => {
      expect(done[0]).toBe(first);
    });
    expect(clock.now()).toBeGreaterThanOrEqual(first);
    await untilDone([first, second]);
    expect(clock.now()).toBeGreaterThanOrEqual(second);
  });

  it('wakes for what turns out to be due earlier', async () => {
    made().start();
    await eventually(() => {
      expect(runs).toBe(1);
    });
    const at = clock.now() + 20;
    due = [at];
    work.expectAt(at);
    await untilDone([at]);
  });

  it('sleeps for what lies beyond the longest timer, instead of spinning', async () => {
    made();
    due = [8_640_000_000_000_000];
    work.start();
    await eventually(() => {
      expect(runs).toBe(1);
    });
    await turns(1_000);
    expect(runs).toBe(1);
  });

  it('tries again after a fault', async () => {
    made();
    faults = 1;
    due = [1];
    work.start();
    await untilDone([1]);
  });

  it('does nothing after it was stopped', async () => {
    made().start();
    await work.stop();
    due = [1];
    work.expectAt(1);
    await turns(100);
    expect(done).toEqual([]);
  });
});
