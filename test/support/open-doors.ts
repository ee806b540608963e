import { type Provider } from '@nestjs/common';
import { ANONYMOUS, Authenticator } from '../../src/auth/auth.port.js';
import { RateLimit } from '../../src/http/rate-limit.js';

/** What guards need: everybody is anonymous, and may ask as often as they like. */
export const OPEN_DOORS: Provider[] = [
  { provide: Authenticator, useValue: { identify: () => Promise.resolve(ANONYMOUS) } },
  { provide: RateLimit, useFactory: () => RateLimit.of(0, true) },
];
