import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseJson5 } from './parse-json5.js';
import { parsePlainJson } from './parse-plain-json.js';

const NUMBERS = [
  '0',
  '-0',
  '1e3',
  '1.0',
  '1.0000000000000000001',
  '9007199254740993',
  '18446744073709551615',
  '1E2',
];
const STRINGS = [
  '"a"',
  '"\\""',
  '"\\\\"',
  '":"',
  '"\\u0041"',
  '"\\ud800"',
  '"1.5"',
  '"\u2028"',
  '"a\\\\\\":"',
];
const NAMES = ['"a"', '"b"', '"\\u0061"', '"__proto__"', '"constructor"', '"toString"', '"1"', "'a'", 'a'];
const BLANKS = ['', ' ', '\n', '/*"*/'];

/** Texts that are JSON, or nearly so. */
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...NUMBERS, ...STRINGS, 'true', 'null', 'NaN', '+1', '"\n"'),
    fc.array(tie('text'), { maxLength: 3 }).map((parts) => `[${parts.join(',')}]`),
    fc
      .tuple(
        fc.array(fc.tuple(fc.constantFrom(...NAMES), tie('text')), { maxLength: 3 }),
        fc.constantFrom(...BLANKS),
      )
      .map(
        ([members, blank]) =>
          `{${blank}${members.map(([name, value]) => `${name}:${blank}${value}`).join(',')}}`,
      ),
    fc.json(),
  ),
}));

describe('Plain JSON', () => {
  it('has the very value that JSON5 gives it, or is left to that', () => {
    fc.assert(
      fc.property(text, (json) => {
        const value = parsePlainJson(json);
        if (value !== undefined) expect(value).toStrictEqual(parseJson5(json));
      }),
      { numRuns: 10_000 },
    );
  });

  it.each([
    '{"command": "echo \\"1.5\\" : {"}',
    '{"a": [1, {"b": null}, true], "c": "\\\\"}',
    '{"toString": "x"}',
    '[]',
  ])('is %s', (json) => {
    expect(parsePlainJson(json)).toStrictEqual(parseJson5(json));
  });

  it.each([
    '{"a": 1, "a": 2}',
    '{"a": 1, "\\u0061": 2}',
    '{"__proto__": 1}',
    '{"a": {"constructor": 1}}',
    '{"a": 1,}',
    '{"a": 1.0000000000000000001}',
    '{"a": 9007199254740993}',
    '{"a": 1e400}',
    `${'['.repeat(33)}${']'.repeat(33)}`,
    `"${'x'.repeat(20_000)}"`,
  ])('is not %.40s', (json) => {
    expect(parsePlainJson(json)).toBeUndefined();
  });
});
