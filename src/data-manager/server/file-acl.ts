import { DomainError } from '../../kernel/errors.js';

const MAX_USERS = 100;
const MAX_USER_CHARACTERS = 255;

export const ACL_IN_WORDS = `an array of at most ${MAX_USERS} users, or "*" for all`;

export function isAcl(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_USERS && value.every(isUser);
}

function isUser(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= MAX_USER_CHARACTERS;
}

/**
 * The body of `PUT …/acl`: `{"acl": [user]}`.
 * @throws DomainError `invalid_request`
 */
export function aclIn(body: object): string[] {
  const { acl, ...others } = body as { acl?: unknown };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`unknown field ${JSON.stringify(unknown)}; known is acl`);
  if (!isAcl(acl)) throw invalid(`acl must be ${ACL_IN_WORDS}`);
  return acl;
}

function invalid(message: string): DomainError {
  return new DomainError('invalid_request', message);
}
