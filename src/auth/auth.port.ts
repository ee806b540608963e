/** Who calls. */
export interface Caller {
  /** Owner of what the caller makes, 1 … 255 characters. */
  readonly user: string;
  readonly role: 'user' | 'admin';
}

/** Who calls while `AUTH=none`: everybody is one and the same user. */
export const ANONYMOUS: Caller = { user: 'anonymous', role: 'user' };
