import { type Rule } from '../../../http/property-rules.js';
import { MAX_WEBHOOK_LENGTH } from '../../webhooks/webhook.entity.js';

const ALLOWED = `must be an http:// or https:// URL of at most ${String(MAX_WEBHOOK_LENGTH)} characters, without user or password`;

/** Where somebody may be told of the end of a job. */
export const webhookRule: Rule = (value) => {
  if (typeof value !== 'string' || value.length > MAX_WEBHOOK_LENGTH || !URL.canParse(value)) return ALLOWED;
  const { protocol, username, password, href } = new URL(value);
  const isHttp = protocol === 'http:' || protocol === 'https:';
  const isRight = isHttp && username === '' && password === '' && href.length <= MAX_WEBHOOK_LENGTH;
  return isRight ? undefined : ALLOWED;
};

/** As it is connected to: odd spellings of addresses are gone. */
export function asWebhook(value: unknown): unknown {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value).href : value;
}
