import { DomainError } from '../../kernel/errors.js';
import { parseForm } from './parse-form.js';
import { parseJson5 } from './parse-json5.js';
import { parsePlainJson } from './parse-plain-json.js';
import { utf8Text } from './utf8-text.js';

/** What JSON5 text can begin with, and what a form's field names can't without being escaped. */
const LOOKS_LIKE_JSON = /^\s*(?:[{["']|\/[/*])/;
const LOOKS_LIKE_FORM = /^&*[^\s=&]+=/;

/**
 * The value that a request's body stands for. JSON counts whatever the content type says, since
 * `curl --data '{…}'` calls its JSON a form; a real form must say that it is one.
 *
 * @param contentType the request's header, which may be malformed
 * @returns undefined where the body is empty or blank; objects have no prototype
 * @throws DomainError invalid_request
 */
export function decodeBody(bytes: Buffer, contentType: string | undefined): unknown {
  const text = utf8Text(bytes);
  if (text.trim() === '') return undefined;
  if (LOOKS_LIKE_JSON.test(text)) return parsePlainJson(text) ?? parseJson5(text);
  if (isForm(contentType) && LOOKS_LIKE_FORM.test(text)) return parseForm(text);
  throw new DomainError(
    'invalid_request',
    'The body is neither JSON nor form fields; send JSON such as {"name": "value"}.',
  );
}

function isForm(contentType: string | undefined): boolean {
  return /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType ?? '');
}
