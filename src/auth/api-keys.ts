import { timingSafeEqual } from 'node:crypto';
import { DomainError } from '../kernel/errors.js';
import { Authenticator, type Caller, type RequestHeaders } from './auth.port.js';
import { bearerIn, digestOf } from './credentials.js';

export interface ApiKey extends Caller {
  /** Of the key. */
  readonly sha256: Buffer;
}

/** Knows callers by keys, shown as `Authorization: Bearer KEY` or `X-Api-Key: KEY`. */
export class ApiKeys extends Authenticator {
  constructor(private readonly keys: readonly ApiKey[]) {
    super();
  }

  identify(headers: RequestHeaders): Promise<Caller> {
    const shown = bearerIn(headers) ?? headers['x-api-key'];
    const caller = typeof shown === 'string' ? this.ownerOf(shown) : undefined;
    if (caller !== undefined) return Promise.resolve(caller);
    const how = 'Send a valid key as "Authorization: Bearer KEY" or "X-Api-Key: KEY".';
    return Promise.reject(new DomainError('unauthenticated', how));
  }

  /** Looks at every key, so that the time tells nothing of which one it was. */
  private ownerOf(shown: string): Caller | undefined {
    const digest = digestOf(shown);
    const [found] = this.keys.filter(({ sha256 }) => timingSafeEqual(sha256, digest));
    return found === undefined ? undefined : { user: found.user, role: found.role };
  }
}
