import { describe, expect, it } from '@jest/globals';
import { waitPreferredIn } from './prefer.js';

describe('what a caller prefers', () => {
  it.each([
    ['wait=10', 10],
    ['wait=0', 0],
    ['WAIT = 7', 7],
    ['wait="12"', 12],
    ['respond-async, wait=5', 5],
    ['respond-async;x="a, wait=1", wait=5; strict', 5],
    ['wait=3, wait=4', 3],
    ['wait=x, wait=4', 4],
    ['foo="\\", wait=1", wait=9', 9],
    ['wait=00030', 30],
    ['wait=9999999999999999', 9999999999999999],
  ])('is understood: %s', (header, seconds) => {
    expect(waitPreferredIn(header)).toBe(seconds);
  });

  it.each([
    ...['', 'wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=1s', 'wait=1 2', 'waits=1', 'x-wait=1'],
    ...['await; wait=3', 'foo="wait=1"', '"', 'wait="1'],
  ])('is nothing: %s', (header) => {
    expect(waitPreferredIn(header)).toBeUndefined();
  });

  it('is nothing without the header', () => {
    expect(waitPreferredIn(undefined)).toBeUndefined();
  });

  it('is read in a time that grows with its length, and not faster', () => {
    for (const piece of ['"', '""', '"\\', ',"', 'wait=1" ', '\\"']) {
      expect(waitPreferredIn(piece.repeat(50_000))).toBeUndefined();
    }
  });
});
