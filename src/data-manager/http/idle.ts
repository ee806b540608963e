import { type Readable } from 'node:stream';
import { messageOf } from '../../kernel/errors.js';
import { Fault } from './fault.js';

/** Waits for the other side, but not longer than `ms`. */
export async function unlessIdle<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Fault(`no sign of life for ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The chunks of a body as they come. Silence counts only while we wait for it, not while our consumer takes
 * its time. Destroys the body where it is left early.
 */
export async function* chunksOf(body: Readable, idleMs: number): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const next = await unlessIdle(idleMs, chunks.next());
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(`the transfer broke off: ${messageOf(error)}`);
  } finally {
    body.destroy();
  }
}
