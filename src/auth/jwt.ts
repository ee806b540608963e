import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { DomainError } from '../kernel/errors.js';
import {
  Authenticator,
  type Caller,
  isUserName,
  type RequestHeaders,
  USER_NAME_IN_WORDS,
} from './auth.port.js';
import { bearerIn } from './credentials.js';
import { keySetAt } from './key-set.js';

/** Whose clock is off by no more than that is believed. */
const CLOCK_SKEW_SECONDS = 60;
/** None of them takes what is public for a secret, so that the kind of the key decides, never the token. */
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

export interface JwtOptions {
  /** Shared secret of HS256, or the URL of a key set: exactly one. */
  readonly secret?: string | undefined;
  readonly jwksUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** Knows callers by JSON Web Tokens: `sub` is the user, the claim `role` is `user` (as where it is absent) or `admin`. */
export class JsonWebTokens extends Authenticator {
  private readonly key: Uint8Array | JWTVerifyGetKey;
  private readonly rules: { algorithms: string[]; issuer?: string; audience?: string };

  constructor({ secret, jwksUrl, issuer, audience }: JwtOptions) {
    super();
    this.key = secret === undefined ? keySetAt(jwksUrl) : new TextEncoder().encode(secret);
    this.rules = {
      algorithms: secret === undefined ? ASYMMETRIC : ['HS256'],
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  async identify(headers: RequestHeaders): Promise<Caller> {
    const token = bearerIn(headers);
    if (token === undefined) throw refused('Send a token as "Authorization: Bearer TOKEN".');
    return callerOf(await this.verified(token));
  }

  private async verified(token: string): Promise<JWTPayload> {
    const rules = { ...this.rules, clockTolerance: CLOCK_SKEW_SECONDS, requiredClaims: ['sub'] };
    try {
      const { key } = this;
      const { payload } =
        typeof key === 'function' ? await jwtVerify(token, key, rules) : await jwtVerify(token, key, rules);
      return payload;
    } catch (error) {
      if (isAboutTheToken(error)) throw refused(sentenceFor(error));
      throw new DomainError('unavailable', 'The key set can not be had now. Try again shortly.', 2, {
        cause: error,
      });
    }
  }
}

/** As opposed to a key set that can't be fetched or read. */
function isAboutTheToken(error: unknown): boolean {
  const others = [errors.JWKSTimeout, errors.JWKSInvalid];
  if (others.some((other) => error instanceof other)) return false;
  return error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC';
}

function sentenceFor(error: unknown): string {
  return error instanceof errors.JWTExpired ? 'The token has expired.' : 'The token is not valid.';
}

function callerOf({ sub, role = 'user' }: JWTPayload): Caller {
  if (!isUserName(sub)) throw refused(`The token's sub must be ${USER_NAME_IN_WORDS}.`);
  if (role !== 'user' && role !== 'admin') throw refused(`The token's role must be user or admin.`);
  return { user: sub, role };
}

function refused(message: string): DomainError {
  return new DomainError('unauthenticated', message);
}
