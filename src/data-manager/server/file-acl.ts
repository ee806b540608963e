import { isAtMost } from '../../http/characters.js';
import { DomainError } from '../../kernel/errors.js';

const MAX_USERS = 100;
const MAX_USER_CHARACTERS = 255;

export const ACL_IN_WORDS = `an array of at most ${MAX_USERS} users, or one, "*" for all`;

/** Those whom a value names, one as a string, too; undefined where it is no list of users. */
export function aclOf(value: unknown): string[] | undefined {
  const users: unknown[] = Array.isArray(value) ? value : [value];
  return users.length <= MAX_USERS && users.every(isUser) ? users : undefined;
}

function isUser(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && isAtMost(MAX_USER_CHARACTERS, value);
}

/**
 * The body of `PUT …/acl`: `{"acl": [user]}`, or a form with fields `acl`.
 * @throws DomainError `invalid_request`
 */
export function aclIn(body: object): string[] {
  const { acl, ...others } = body as { acl?: unknown };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`unknown field ${JSON.stringify(unknown)}; known is acl`);
  const users = aclOf(acl);
  if (users === undefined) throw invalid(`acl must be ${ACL_IN_WORDS}`);
  return users;
}

function invalid(message: string): DomainError {
  return new DomainError('invalid_request', message);
}
