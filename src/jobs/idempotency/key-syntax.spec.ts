import { describe, expect, it } from '@jest/globals';
import { keyIn, MAX_KEY_LENGTH } from './key-syntax.js';

describe('keyIn', () => {
  it.each([
    ['a', 'a'],
    ['"a"', 'a'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    [String.raw`"a \"b\" \\"`, String.raw`a "b" \ `.trimEnd()],
    ['an order, of "today"', 'an order, of "today"'],
    ['" "', ' '],
    ['x'.repeat(MAX_KEY_LENGTH), 'x'.repeat(MAX_KEY_LENGTH)],
    [`"${'x'.repeat(MAX_KEY_LENGTH)}"`, 'x'.repeat(MAX_KEY_LENGTH)],
  ])('reads %s', (line, key) => {
    expect(keyIn([line])).toBe(key);
  });

  it.each([
    [''],
    ['""'],
    ['"'],
    ['"a'],
    ['"a"b'],
    ['"a";p'],
    [String.raw`"\a"`],
    ['ä'],
    ['a\tb'],
    ['x'.repeat(256)],
  ])('refuses %j', (line) => {
    expect(() => keyIn([line])).toThrow('Idempotency-Key must be');
  });

  it('refuses several, and none', () => {
    expect(() => keyIn(['a', 'a'])).toThrow('Idempotency-Key must be one text');
    expect(() => keyIn([])).toThrow('Idempotency-Key must be one text');
  });
});
