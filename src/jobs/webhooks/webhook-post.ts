import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../kernel/errors.js';
import { addressIn, isPublicAddress, lookupOutside, PrivateAddressError } from './public-address.js';
import { type WebhookMessage } from './webhook-message.js';

/** Until there is a status. */
export const POST_WITHIN_MS = 15_000;
/** The rest of an answer is read, so that who gives it sees it taken, but nobody waits for it. */
const MOST_ANSWER_BYTES = 16_384;
const REST_WITHIN_MS = 1_000;

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
  const request = start(url, {
    method: 'POST',
    agent: false,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'job-manager' },
    signal,
    ...(allowPrivate ? {} : { lookup: lookupOutside }),
  });
  const overdue = setTimeout(() => {
    request.destroy(new Error(`no answer within ${String(POST_WITHIN_MS / 1_000)} s`));
  }, POST_WITHIN_MS);
  try {
    return await statusOf(request, body);
  } catch (error) {
    const [, reason] = OF_OPENSSL.exec(messageOf(error)) ?? [];
    throw reason === undefined ? error : new Error(`TLS failed: ${reason}`, { cause: error });
  } finally {
    clearTimeout(overdue);
    request.destroy();
  }
}

async function statusOf(request: ClientRequest, body: string): Promise<number> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // Whoever wants to speak another protocol has answered as well; Node tells of it by this event alone.
    request.once('upgrade', (answer, socket) => {
      socket.destroy();
      resolve(answer.destroy());
    });
    request.on('error', reject);
    request.once('close', () => {
      reject(new Error('the connection was closed without an answer'));
    });
    request.end(body);
  });
  await takeRest(response);
  return response.statusCode ?? 0;
}

/** Whatever becomes of the rest, the status counts. */
async function takeRest(response: IncomingMessage): Promise<void> {
  let read = 0;
  const enough = setTimeout(() => response.destroy(), REST_WITHIN_MS);
  await new Promise<void>((resolve) => {
    response.on('data', (chunk: Buffer) => {
      read += chunk.length;
      if (read > MOST_ANSWER_BYTES) response.destroy();
    });
    response.once('error', () => undefined).once('close', resolve);
    if (response.destroyed) resolve();
  });
  clearTimeout(enough);
}
