import { isUserName, USER_NAME_IN_WORDS } from '../../../auth/auth.port.js';
import { isAtMost } from '../../../http/characters.js';
import { type Rule } from '../../../http/property-rules.js';
import { MAX_COMMAND_BYTES } from '../../job.types.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const CONTROL = /\p{Cc}/u;

/** A command as `/bin/sh -c` takes it. */
export const commandRule: Rule = (value) => {
  if (value === undefined) return 'is missing';
  if (typeof value !== 'string') return 'must be a string';
  if (value === '') return 'must not be empty';
  if (Buffer.byteLength(value) > MAX_COMMAND_BYTES)
    return `must be at most ${MAX_COMMAND_BYTES} bytes of UTF-8`;
  return faultOfArgument(value);
};

/** One line for a person: 1 … `maxLength` characters, none of them a control character. */
export function lineRule(maxLength: number): Rule {
  return (value) => {
    const isLine = typeof value === 'string' && value !== '' && isLineOf(value, maxLength);
    return isLine ? undefined : `must be 1 to ${maxLength} characters of text without control characters`;
  };
}

/** Somebody who may own jobs. */
export const userRule: Rule = (value) => (isUserName(value) ? undefined : `must be ${USER_NAME_IN_WORDS}`);

/** True for text without control characters, and within a length in characters, not in UTF-16 units. */
export function isLineOf(text: string, maxLength: number): boolean {
  return isAtMost(maxLength, text) && !CONTROL.test(text) && !LONE_SURROGATE.test(text);
}

/** What keeps text from being an argument or a variable of a process. */
export function faultOfArgument(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain a NUL character';
  return LONE_SURROGATE.test(text) ? 'must be valid Unicode, without lone surrogates' : undefined;
}
