import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../kernel/errors.js';
import { addressIn, isPublicAddress, lookupOutside, PrivateAddressError } from './public-address.js';
import { type WebhookMessage } from './webhook-message.js';

/** For the whole exchange. */
export const POST_WITHIN_MS = 15_000;
/** Whatever the answer says, nobody reads it. */
const MOST_ANSWER_BYTES = 16_384;

/** Its number, library and function, what failed, and files of its source. */
const OF_OPENSSL = /error:[0-9A-F]+:[^:]*:[^:]*:([^:\n]+)/;

export interface PostOptions {
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

/**
 * Posts a message, over a connection of its own that follows no redirect and no proxy; resolves with the status of the answer.
 *
 * @throws Error where there is none: it can't be reached, leads to a private address, or takes too long
 */
export async function post(
  url: URL,
  { body, headers }: WebhookMessage,
  { allowPrivate, signal }: PostOptions,
): Promise<number> {
  const address = addressIn(url);
  if (!allowPrivate && address !== undefined && !isPublicAddress(address))
    throw new PrivateAddressError(address);
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const overdue = AbortSignal.timeout(POST_WITHIN_MS);
  const request = start(url, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'job-manager' },
    signal: AbortSignal.any([signal, overdue]),
    ...(allowPrivate ? {} : { lookup: lookupOutside }),
  });
  try {
    return await statusOf(request, body);
  } catch (error) {
    if (overdue.aborted) throw new Error(`no answer within ${String(POST_WITHIN_MS / 1_000)} s`);
    const [, reason] = OF_OPENSSL.exec(messageOf(error)) ?? [];
    throw reason === undefined ? error : new Error(`TLS failed: ${reason}`, { cause: error });
  }
}

async function statusOf(request: ClientRequest, body: string): Promise<number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.end(body);
  });
  let read = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read > MOST_ANSWER_BYTES) break;
  }
  request.destroy();
  return response.statusCode ?? 0;
}
