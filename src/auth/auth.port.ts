import { type ExecutionContext } from '@nestjs/common';

/** Who calls. */
export interface Caller {
  /** Owner of what the caller makes, 1 … 255 characters. */
  readonly user: string;
  readonly role: 'user' | 'admin';
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
