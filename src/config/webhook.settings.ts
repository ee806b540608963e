import { flag, integer, REDACTED } from './parsers.js';
import { type Setting } from './setting.js';

/** As Standard Webhooks has it, which asks for 24 to 64 bytes. */
const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

const webhookSecret: Setting<string | undefined> = {
  allowed: 'whsec_ and base64',
  fallback: undefined,
  redact: () => REDACTED,
  parse: (text) => (SECRET.test(text) ? text : undefined),
};

/** How others are told of the ends of jobs. */
export const WEBHOOK_SETTINGS = {
  webhookSecret,
  webhookAllowPrivate: flag(false),
  webhookRetrySeconds: integer({ min: 1, max: 3_600, fallback: 1 }),
};
