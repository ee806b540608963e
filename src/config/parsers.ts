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

/** As {@link integer}; absent where nothing is given. */
export function optionalInteger(range: { min: number; max: number }): Setting<number | undefined> {
  return { ...integer({ ...range, fallback: range.max }), fallback: undefined };
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

/** A second colon, before what is neither a port nor the next URL of several: a password whose "@" was forgotten. */
const AFTER_LAST_COLON = /^(?!sqlite:)([^:]*:[^:[]*):(?!\d{1,5}(?:[/?#,]|$)|\/\/).*$/s;

/**
 * Hides credentials, also in what is no valid URL: all from the first colon to the last "@", what looks like a password
 * where there is none, the query and the fragment.
 */
export function redactUrl(text: string): string {
  return text
    .replace(/:.*@/s, '://***@')
    .replace(AFTER_LAST_COLON, '$1:***')
    .replace(/([?#]).*$/s, '$1***');
}

export const REDACTED = '***';

export function urlFrom(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

export const BARE_URL = 'an http:// or https:// URL without credentials, query and fragment';

/** A {@link BARE_URL} without slashes at its end, or undefined. */
export function bareHttpUrl(text: string): string | undefined {
  const url = urlFrom(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined;
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isBare ? url.href.replace(/\/+$/, '') : undefined;
}

/** A secret that is sent as a bearer token. */
export function token(): Setting<string | undefined> {
  return {
    allowed: 'visible ASCII characters without spaces',
    fallback: undefined,
    redact: () => REDACTED,
    parse: (text) => (/^[\x21-\x7e]+$/.test(text) ? text : undefined),
  };
}

/** Parts of a text between commas, without the blanks around them; empty ones are left out. */
export function listed(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
