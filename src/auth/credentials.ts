import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHeaders } from './auth.port.js';

/** What a request shows as `Authorization: Bearer …` (RFC 6750, 2.1). */
export function bearerIn(headers: RequestHeaders): string | undefined {
  const [, shown] = /^Bearer +(\S(?:.*\S)?) *$/i.exec(String(headers.authorization ?? '')) ?? [];
  return shown;
}

/** A key of an API as it is kept: nobody can show it again. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Takes as long whatever is shown: digests are of one length. */
export function isSecret(shown: string, digest: Buffer): boolean {
  return timingSafeEqual(digestOf(shown), digest);
}
