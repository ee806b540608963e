import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { monotonicNow } from './clock.js';
import { getEventListeners } from 'node:events';
import { Deadline, withTimeLimit } from './deadline.js';

const BEYOND_ONE_TIMER_MS = 2 ** 32;

describe('Deadline', () => {
  let passed: jest.Mock<() => void>;

  beforeEach(() => {
    jest.useFakeTimers();
    passed = jest.fn();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([1, 0.5, 1_000, BEYOND_ONE_TIMER_MS])('passes once, after %p ms', (ms) => {
    const deadline = new Deadline(monotonicNow() + ms);
    deadline.watch(passed);
    jest.advanceTimersByTime(Math.ceil(ms) - 1);
    expect(passed).not.toHaveBeenCalled();
    // What is left of a long time takes one timer more, none of them a short one.
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1);
    expect(passed).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(BEYOND_ONE_TIMER_MS);
    expect(passed).toHaveBeenCalledTimes(1);
    expect(deadline.passed).toBe(true);
  });

  it('holds a time beyond one timer without waking for nothing', () => {
    const timers = jest.spyOn(globalThis, 'setTimeout');
    new Deadline(monotonicNow() + BEYOND_ONE_TIMER_MS).watch(passed);
    jest.advanceTimersByTime(BEYOND_ONE_TIMER_MS);
    expect(passed).toHaveBeenCalledTimes(1);
    expect(timers).toHaveBeenCalledTimes(3);
  });

  it('keeps a move that came before anyone watched', () => {
    const deadline = new Deadline(null);
    deadline.move(monotonicNow() + 10);
    jest.advanceTimersByTime(10);
    expect(deadline.passed).toBe(true);
    deadline.watch(passed);
    expect(passed).toHaveBeenCalledTimes(1);
  });

  it('tells nobody once it is cancelled, be it moved', () => {
    const deadline = new Deadline(monotonicNow() + 10);
    deadline.watch(passed);
    deadline.cancel();
    deadline.move(monotonicNow() - 1);
    jest.advanceTimersByTime(1_000);
    expect(passed).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('withTimeLimit', () => {
  const untilAborted = (signal: AbortSignal): Promise<string> =>
    new Promise((resolve) => {
      const end = (): void => {
        resolve(String(signal.reason));
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });

  it('gives what the work gives, and leaves nothing at the signal from outside', async () => {
    const outer = new AbortController();
    await expect(withTimeLimit(10_000, outer.signal, () => Promise.resolve(7))).resolves.toBe(7);
    await expect(withTimeLimit(10_000, outer.signal, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  it('aborts after the time, and with the signal from outside, be that at once', async () => {
    const outer = new AbortController();
    expect(await withTimeLimit(1, outer.signal, untilAborted)).toBe('Error: not done within 1 ms');
    const late = withTimeLimit(10_000, outer.signal, untilAborted);
    outer.abort('stopping');
    expect(await late).toBe('stopping');
    expect(await withTimeLimit(10_000, outer.signal, untilAborted)).toBe('stopping');
  });
});
