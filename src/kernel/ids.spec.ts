import { describe, expect, it } from '@jest/globals';
import { v5 as uuidV5 } from 'uuid';
import { derivedUuid } from './ids.js';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

describe('An id that a name determines', () => {
  it('is that of RFC 9562, appendix A.4', () => {
    expect(derivedUuid(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it.each(['', 'attempt/1/stdout', 'ä and 😀', 'x'.repeat(10_000)])(
    'is what the library makes of %#',
    (name) => {
      expect(derivedUuid(DNS, name)).toBe(uuidV5(name, DNS));
    },
  );

  it('keeps to the namespace that was given, whatever its version', () => {
    const [one, other] = ['01a22e74-0ce1-7000-8000-00ddaee2e221', '01a22e74-0ce1-7000-8000-00ddaee2e222'];
    expect(derivedUuid(one, 'name')).not.toBe(derivedUuid(other, 'name'));
  });
});
