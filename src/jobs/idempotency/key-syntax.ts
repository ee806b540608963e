import { DomainError } from '../../kernel/errors.js';

export const MAX_KEY_LENGTH = 255;
const PRINTABLE_ASCII = /^[ -~]+$/;
/** A string of RFC 9651, 3.3.3: what the draft on the header has for its value. */
const QUOTED = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;

/** Throws `DomainError('invalid_request')` where it can't be a key. */
export function checkKey(key: string): void {
  if (key.length > MAX_KEY_LENGTH || !PRINTABLE_ASCII.test(key)) throw notAKey();
}

/**
 * The key in the lines of an `Idempotency-Key` header, `"key"` in quotes (draft-ietf-httpapi-idempotency-key-header) or as
 * it is: both name the same one. Throws `DomainError('invalid_request')`.
 */
export function keyIn(lines: readonly string[]): string {
  const [line = '', ...others] = lines;
  const key = line.startsWith('"') ? QUOTED.exec(line)?.[1]?.replaceAll(/\\(.)/g, '$1') : line;
  if (key === undefined || others.length > 0) throw notAKey();
  checkKey(key);
  return key;
}

function notAKey(): DomainError {
  const message = `Idempotency-Key must be one text of 1 to ${MAX_KEY_LENGTH} printable ASCII characters, in double quotes or without.`;
  return new DomainError('invalid_request', message);
}
