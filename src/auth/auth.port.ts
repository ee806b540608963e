import { type ExecutionContext } from '@nestjs/common';

/** Who calls. */
export interface Caller {
  /** Owner of what the caller makes; {@link isUserName}. */
  readonly user: string;
  readonly role: 'user' | 'admin';
}

// The blank: MySQL takes names that differ in blanks at the end for one.
const USER_NAME = /^[^\p{Cc}\p{Cs}]{0,254}[^\p{Cc}\p{Cs} ]$/u;

/** What {@link isUserName} asks for, to go after "must be". */
export const USER_NAME_IN_WORDS = '1 to 255 characters without control characters, the last one no blank';

/** Whether every database keeps it as it is, and tells it from every other. */
export function isUserName(value: unknown): value is string {
  return typeof value === 'string' && USER_NAME.test(value);
}

/** Who calls while `AUTH=none`: everybody is one and the same user. */
export const ANONYMOUS: Caller = { user: 'anonymous', role: 'user' };

/** Header lines by their names in lower case, as Node has them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Tells who calls. A host backend may put its own in the place of ours. */
export abstract class Authenticator {
  /** Throws `DomainError('unauthenticated')`, or `unavailable` where it can't be told now. */
  abstract identify(headers: RequestHeaders, context: ExecutionContext): Promise<Caller>;
}
