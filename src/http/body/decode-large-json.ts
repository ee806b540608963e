import { DomainError, messageOf } from '../../kernel/errors.js';
import { checkForeignBody } from './unsafe-names.js';
import { utf8Text } from './utf8-text.js';

/** A value of JSON may take a hundred times the memory of its two bytes. */
const MAX_VALUES = 200_000;

const [QUOTE, BACKSLASH, COMMA, ARRAY, OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/**
 * The value of strict JSON, for bodies of which JSON5 would take seconds. An integer beyond 2^53 may be rounded to
 * another one, but never to a safe one; of a name that is given twice the last counts.
 *
 * @throws DomainError invalid_request: no JSON, too many values, too deep, or an unsafe name
 */
export function decodeLargeJson(bytes: Buffer): unknown {
  checkAmount(bytes);
  const value = parsed(utf8Text(bytes));
  checkForeignBody(value);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DomainError(
      'invalid_request',
      `The body is not valid JSON: ${messageOf(error).slice(0, 200)}.`,
    );
  }
}

/** Counts what begins or separates values; on bytes, since no part of a character beyond ASCII equals one of these. */
function checkAmount(bytes: Buffer): void {
  let values = 0;
  let isInString = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE) isInString = !isInString;
    else if (isInString) index += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA || byte === ARRAY || byte === OBJECT) values += 1;
  }
  if (values > MAX_VALUES) throw new DomainError('invalid_request', 'The body has too many values.');
}
