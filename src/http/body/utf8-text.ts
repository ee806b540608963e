import { DomainError } from '../../kernel/errors.js';

const DECODER = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a request's body; a leading byte order mark is dropped.
 *
 * @throws DomainError invalid_request where it is not UTF-8
 */
export function utf8Text(bytes: Buffer): string {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new DomainError('invalid_request', 'The body is not valid UTF-8.');
  }
}
