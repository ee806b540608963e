import { type Setting } from './setting.js';

const DECIMAL = /^(0|[1-9][0-9]{0,15})$/;

/** A whole number in strict decimal notation, `min` to `max`, both included. */
export function integer(range: { min: number; max: number; fallback: number }): Setting<number> {
  const { min, max, fallback } = range;
  return {
    allowed: `a whole number from ${min} to ${max}`,
    fallback,
    parse(text) {
      const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** One word of a closed list. */
export function oneOf<const T extends string>(words: readonly T[], fallback: NoInfer<T>): Setting<T> {
  return {
    allowed: `one of ${words.join(', ')}`,
    fallback,
    parse: (text) => words.find((word) => word === text),
  };
}

export function flag(fallback: boolean): Setting<boolean> {
  return {
    allowed: 'true or false',
    fallback,
    parse: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  };
}

/** Hides credentials, also in what is no valid URL: all from the first colon to the last "@", and the query. */
export function redactUrl(text: string): string {
  return text.replace(/:.*@/s, '://***@').replace(/\?.*$/s, '?***');
}

export const REDACTED = '***';
