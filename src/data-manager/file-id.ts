import { DomainError } from '../kernel/errors.js';
import { isUuid } from '../kernel/ids.js';

const SHOWN_CHARACTERS = 80;

/**
 * The id in the one form that is stored and compared.
 * @throws DomainError `invalid_request` where it is no UUID
 */
export function fileId(value: unknown): string {
  if (!isUuid(value)) {
    throw new DomainError(
      'invalid_request',
      `${JSON.stringify(String(value).slice(0, SHOWN_CHARACTERS))} is not a UUID`,
    );
  }
  return value.toLowerCase();
}

/** What every driver says of a file that is not there. */
export function noSuchFile(id: string): DomainError {
  return new DomainError('not_found', `The data manager holds no file ${id}`);
}

/** What every driver says of a put under an id that holds something else. */
export function idTaken(id: string): DomainError {
  return new DomainError(
    'invalid_request',
    `Something else is already stored as file ${id}; choose another id`,
  );
}
