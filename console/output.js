import { isPassing, request } from './api.js';
import { pause } from './looking.js';

/** @typedef {{ event: string, id: string, data: string }} Message */

const AGAIN_AFTER_MS = 1_000;

/**
 * What a job writes, as it writes it, to its end; goes on by itself where the connection breaks. Not by `EventSource`, which can't send
 * a key.
 *
 * @param {string} jobId
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Message>}
 */
export async function* follow(jobId, signal) {
  let last = '';
  while (!signal.aborted) {
    try {
      for await (const message of connection(jobId, last, signal)) {
        last = message.id;
        yield message;
        if (message.event === 'end') return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
    }
    await pause(AGAIN_AFTER_MS, signal);
  }
}

/**
 * @param {string} jobId
 * @param {string} last id of the last message, or empty
 * @param {AbortSignal} signal
 */
async function* connection(jobId, last, signal) {
  /** @type {Record<string, string>} */
  const headers = last === '' ? {} : { 'last-event-id': last };
  const { body } = await request(`job_info/${jobId}/output`, { headers, signal });
  if (body !== null) yield* messagesIn(body);
}

/**
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<Message>}
 */
async function* messagesIn(body) {
  const reader = body.pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = messageIn(part);
      if (message !== null) yield message;
    }
  }
}

/**
 * @param {string} text
 * @returns {Message | null}
 */
function messageIn(text) {
  /** @type {Record<string, string[]>} */
  const fields = { event: [], id: [], data: [] };
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    fields[line.slice(0, colon)]?.push(line.slice(colon + 2));
  }
  const [event] = fields.event ?? [];
  if (event === undefined) return null;
  return { event, id: fields.id?.[0] ?? '', data: (fields.data ?? []).join('\n') };
}
