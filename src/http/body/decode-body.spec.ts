import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../kernel/errors.js';
import { decodeBody } from './decode-body.js';

const FORM = 'application/x-www-form-urlencoded';

const decode = (text: string, contentType?: string) => decodeBody(Buffer.from(text), contentType);

function refusalOf(body: string | Buffer, contentType?: string): string {
  try {
    decodeBody(Buffer.from(body as string), contentType);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid_request') return error.message;
    throw error;
  }
  throw new Error('The body was accepted.');
}

describe('a JSON body', () => {
  const sample = '{\n        "command": "uname -a | wc -l",\n    }';

  it.each([undefined, FORM, 'application/json', 'multipart/form-data', 'text/plain; charset=x', ';;/'])(
    'is one under the content type %s',
    (contentType) => {
      expect(decode(sample, contentType)).toEqual({ command: 'uname -a | wc -l' });
    },
  );

  it.each([
    ['{command: \'a "b"\', }', { command: 'a "b"' }],
    ['// c\n{"a": 1, /* b */ "b": [1, 2,],}', { a: 1, b: [1, 2] }],
    ['\ufeff{"a":1}', { a: 1 }],
    ['"text"', 'text'],
    ['[]', []],
    ['{"a":"\\u00e9\\n\u{1f600}\u2028"}', { a: 'é\n\u{1f600}\u2028' }],
    ['{"a":1,"a":1}', { a: 1 }],
    ['{"a":"// no comment {{{{"}', { a: '// no comment {{{{' }],
    ["{a:'it\\'s [[[[ \\\\'}", { a: "it's [[[[ \\" }],
  ])('%j is tolerated', (text, value) => {
    expect(decode(text)).toEqual(value);
  });

  it.each(['', ' \n\t', '\ufeff'])('that is empty (%j) is none', (text) => {
    expect(decode(text, FORM)).toBeUndefined();
  });

  it.each([
    '{',
    '{"a"',
    '{"a":1}}',
    '[1,,2]',
    '{"a":01}',
    '{"a":"b\nc"}',
    '"abc',
    '{a:b}',
    '/* open',
    '{"a":\0}',
  ])('%j is refused', (text) => {
    expect(refusalOf(text)).toMatch(/^The body is not valid JSON: .+\.$/);
  });

  it.each(['uname -a', '<job/>', '12', 'true', '\0', 'command=true', '%7B%7D'])('%j is not JSON', (text) => {
    expect(refusalOf(text, 'text/plain')).toContain('neither JSON nor form fields');
  });

  it.each([[0xff], [0x7b, 0x22, 0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]])(
    'of the bytes %j… is no UTF-8',
    (...bytes) => {
      expect(refusalOf(Buffer.from(bytes))).toBe('The body is not valid UTF-8.');
    },
  );

  it('gives a name twice only with equal values', () => {
    expect(refusalOf('{"ttl":1,"command":"a","command":"b"}')).toBe(
      'The body gives "command" twice, with different values.',
    );
  });

  it.each(['{"__proto__":{"a":1}}', '{"env":{"\\u005f_proto__":1}}', '{"a":[{constructor:{}}]}'])(
    'cannot reach a prototype by %s',
    (text) => {
      expect(refusalOf(text)).toMatch(/^The name "(__proto__|constructor)" is not allowed/);
      expect(({} as { a?: unknown }).a).toBeUndefined();
    },
  );

  it('has objects without a prototype', () => {
    expect(Object.getPrototypeOf(decode('{}'))).toBeNull();
  });

  it.each([
    ['[', 'brackets'],
    ['{"a":', 'objects'],
    ['[{"a":[', 'both'],
  ])('of a million %s is refused, not run out of stack (%s)', (opening) => {
    expect(refusalOf(opening.repeat(1_000_000 / opening.length))).toContain(
      'nested more than 32 levels deep',
    );
  });

  it.each(['1,', '/**/', '"",', '//\n'])('of many %j is refused', (part) => {
    expect(refusalOf(`[${part.repeat(1_000_000 / part.length)}]`)).toContain('too many values');
  });

  it('may be 32 levels deep, whatever brackets its strings hold', () => {
    expect(() => decode('['.repeat(32) + '"[[[["' + ']'.repeat(32))).not.toThrow();
  });
});

describe('a number', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['1e3', 1000],
    ['60.0', 60],
    ['1.5', 1.5],
    ['.5', 0.5],
    ['+5', 5],
    ['5.', 5],
    ['0x1F', 31],
    ['-0x1f', -31],
    ['120e-1', 12],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 18446744073709551616n],
    ['1.8446744073709551615e19', 18446744073709551615n],
    ['18446744073709551615.0', 18446744073709551615n],
    ['0xffffffffffffffff', 18446744073709551615n],
    ['-9007199254740993', -9007199254740993n],
    ['18446744073709551615.5', Number.NaN],
    ['0.99999999999999999999', Number.NaN],
    ['1e-400', Number.NaN],
    ['1e999', Infinity],
    ['-Infinity', -Infinity],
  ])('%s is exact', (source, value) => {
    const decoded = decode(`{"n":${source}}`) as { n: unknown };
    expect(decoded.n === 0 ? 0 : decoded.n).toBe(value);
  });

  it('of a million digits costs nothing', () => {
    expect(decode(`{"n":${'9'.repeat(1_000_000)}}`)).toEqual({ n: Infinity });
  });
});

describe('a form', () => {
  it.each([
    ['command=uname+-a+%7C+wc', { command: 'uname -a | wc' }],
    ['input_files=a&input_files=b&input_files=c', { input_files: ['a', 'b', 'c'] }],
    ['env[A]=1&env%5BB%5D=2', { env: { A: '1', B: '2' } }],
    ['a=&&b=x=y', { a: '', b: 'x=y' }],
    ['toString=1', { toString: '1' }],
  ])('%s has its fields', (text, value) => {
    expect(decode(text, `${FORM}; charset=utf-8`)).toEqual(value);
  });

  it.each([
    ['a=%', 'percent sign'],
    ['a=%zz', 'percent sign'],
    ['a=%ff', 'percent sign'],
    ['a=1&a[b]=2', 'both plainly and by names'],
    ['a[b]=2&a=1', 'both plainly and by names'],
    ['__proto__[x]=1', '__proto__'],
    ['constructor=1', 'constructor'],
    ['env[__proto__]=1', '__proto__'],
    ['a=1&'.repeat(10_001), 'fields'],
  ])('%s is refused', (text, reason) => {
    expect(refusalOf(text, FORM)).toContain(reason);
  });
});
