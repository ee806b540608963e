import { type ClientRequest, type IncomingMessage } from 'node:http';
import { messageOf } from '../../kernel/errors.js';
import { MAX_REPORT_BYTES } from '../report-wire.port.js';
import { ServerFault } from './server-fault.js';

/** A whole answer, whatever it says. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/**
 * Sends `body` and reads the whole answer.
 * @param withinMs for all of it
 * @throws ServerFault
 */
export async function exchange(request: ClientRequest, body: Buffer, withinMs: number): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const failure = new Promise<never>((_, reject) => {
    request.on('error', (error) => {
      reject(new ServerFault(`can't be reached: ${messageOf(error)}`, { cause: error }));
    });
    timer = setTimeout(() => {
      reject(new ServerFault(`does not answer within ${withinMs} ms`));
    }, withinMs);
  });
  try {
    request.end(body);
    return await Promise.race([replyTo(request), failure]);
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function replyTo(request: ClientRequest): Promise<Reply> {
  const response = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_REPORT_BYTES) throw new ServerFault('answers far more than it should');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ServerFault) throw error;
    throw new ServerFault(`broke off its answer: ${messageOf(error)}`, { cause: error });
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}
