import { DomainError } from '../../kernel/errors.js';
import { MAX_DEPTH, tooDeep } from './unsafe-names.js';

/** Values, names and comments: bounds the time that a body of many tiny ones can take. */
const MAX_TOKENS = 20_000;

/**
 * Refuses text that would cost a JSON5 parser too much, in one pass without recursion. It need not be JSON:
 * only brackets, separators, quotes and comments are looked at.
 *
 * @throws DomainError invalid_request
 */
export function checkJson5Limits(text: string): void {
  const interesting = /["'[\]{},:]|\/[/*]/g;
  let depth = 0;
  let tokens = 0;
  for (let match = interesting.exec(text); match !== null; match = interesting.exec(text)) {
    const [found] = match;
    depth += nestingOf(found);
    tokens += 1;
    if (depth > MAX_DEPTH) throw tooDeep();
    if (tokens > MAX_TOKENS) throw new DomainError('invalid_request', 'The body has too many values.');
    interesting.lastIndex = endOf(found, text, interesting.lastIndex);
  }
}

function nestingOf(found: string): number {
  if (found === '{' || found === '[') return 1;
  return found === '}' || found === ']' ? -1 : 0;
}

/** Where to go on after what begins with `found` just before `from`: strings and comments are passed over. */
function endOf(found: string, text: string, from: number): number {
  if (found === '//') return after(/[\n\r\u2028\u2029]/g, text, from);
  if (found === '/*') return after(/\*\//g, text, from);
  return found === '"' || found === "'" ? endOfString(found, text, from) : from;
}

function after(end: RegExp, text: string, from: number): number {
  end.lastIndex = from;
  return end.exec(text) === null ? text.length : end.lastIndex;
}

function endOfString(quote: string, text: string, from: number): number {
  const stop = quote === '"' ? /["\\]/g : /['\\]/g;
  let index = from;
  while (index < text.length) {
    index = after(stop, text, index);
    if (text[index - 1] !== '\\') break;
    index += 1;
  }
  return index;
}
