import {
  type Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../kernel/errors.js';
import { Fault } from './fault.js';
import { unlessIdle } from './idle.js';

/** One HTTP request. */
export interface Exchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** What to send, chunk by chunk; what it throws is passed on as it is. */
  readonly body?: AsyncIterable<Uint8Array>;
  readonly agent: HttpAgent;
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request and resolves with the head of the answer, whose body must be consumed or destroyed. Follows no
 * redirect, repeats nothing.
 * @throws Fault where there was no answer
 */
export async function exchange(call: Exchange): Promise<IncomingMessage> {
  const { url, method, headers, agent, signal, idleMs } = call;
  signal?.throwIfAborted();
  const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = start(url, { method, headers, agent, ...(signal && { signal }) });
  const answer = answerTo(request);
  try {
    if (call.body !== undefined) await send(call.body, request, answer, idleMs);
    request.end();
    return await unlessIdle(idleMs, answer);
  } catch (error) {
    request.destroy();
    signal?.throwIfAborted();
    throw error;
  }
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (error) => {
      reject(new Fault(`the connection failed: ${messageOf(error)}`, undefined, { cause: error }));
    });
  });
  // Awaited only once the body is out; a failure until then must not count as unhandled.
  answer.catch(() => undefined);
  return answer;
}

/** Writes as fast as the other side reads. Stops where it answers early: such an answer says why it won't have more. */
async function send(
  body: AsyncIterable<Uint8Array>,
  request: ClientRequest,
  answer: Promise<IncomingMessage>,
  idleMs: number,
): Promise<void> {
  const progress = { isAnswered: false };
  const onAnswer = (): void => {
    progress.isAnswered = true;
  };
  answer.then(onAnswer, onAnswer);
  let wake: () => void = () => undefined;
  request.on('drain', () => {
    wake();
  });
  for await (const chunk of body) {
    if (progress.isAnswered) return;
    if (request.write(chunk)) continue;
    const drained = new Promise<void>((resolve) => (wake = resolve));
    await unlessIdle(idleMs, Promise.race([drained, answer]));
  }
}
