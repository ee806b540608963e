import { BARE_URL, bareHttpUrl, flag, integer, listed, oneOf, REDACTED, redactUrl } from './parsers.js';
import { type Setting } from './setting.js';

/** An entry of `API_KEYS`: whose key has that digest. */
export interface ApiKeySetting {
  readonly user: string;
  readonly role: 'user' | 'admin';
  /** Lower-case hex. */
  readonly sha256: string;
}

/** From the end: a user's name may have colons, an e-mail address or a URN, say. It is one that `isUserName` takes. */
const API_KEY =
  /^(?<user>[^\p{Cc}\p{Cs}]{0,254}[^\p{Cc}\p{Cs} ]):(?<role>user|admin):(?<sha256>[0-9a-f]{64})$/iu;
/** A shorter one is weaker than what it signs (RFC 7518, 3.2): the start warns of it. */
const LEAST_SECRET_BYTES = 32;

/** The entries, or undefined where one is none. */
export function apiKeysIn(text: string): ApiKeySetting[] | undefined {
  const keys = listed(text).map((entry) => {
    const { user, role, sha256 } = API_KEY.exec(entry)?.groups ?? {};
    if (user === undefined || role === undefined || sha256 === undefined) return undefined;
    return { user, role: role.toLowerCase() as 'user' | 'admin', sha256: sha256.toLowerCase() };
  });
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

const apiKeys: Setting<string | undefined> = {
  allowed: 'user:role:sha256 of the key in hex, role user or admin, with commas between several',
  fallback: undefined,
  redact: () => REDACTED,
  parse: (text) => (apiKeysIn(text) === undefined ? undefined : text),
};

/** True for one that is weaker than what it signs. */
export function isWeakSecret(secret: string | undefined): boolean {
  return secret !== undefined && Buffer.byteLength(secret) < LEAST_SECRET_BYTES;
}

const jwtSecret: Setting<string | undefined> = {
  allowed: 'text',
  fallback: undefined,
  redact: () => REDACTED,
  parse: (text) => text,
};

const jwtJwksUrl: Setting<string | undefined> = {
  allowed: BARE_URL,
  fallback: undefined,
  redact: redactUrl,
  parse: bareHttpUrl,
};

const claim: Setting<string | undefined> = {
  allowed: 'text',
  fallback: undefined,
  parse: (text) => text,
};

/** Who may call, and how often. */
export const AUTH_SETTINGS = {
  auth: oneOf(['none', 'api-key', 'jwt'], 'none'),
  allowAnonymous: flag(false),
  apiKeys,
  jwtSecret,
  jwtJwksUrl,
  jwtIssuer: claim,
  jwtAudience: claim,
  /** Requests a minute of one user, or of one address while `AUTH=none`; 0: as many as they like. */
  rateLimit: integer({ min: 0, max: 1_000_000_000, fallback: 0 }),
};
