import { connect, type Socket } from 'node:net';

/** What came back over one connection. */
export interface Exchange {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** After so long without an answer, the client ends its side: the server must then see that no more comes. */
const PATIENCE_MS = 100;
const ANSWER_WITHIN_MS = 15_000;

/**
 * Sends bytes over a connection of their own and reads the first answer to them.
 *
 * @returns undefined where the server hung up without a word
 * @throws Error where neither comes in time
 */
export function exchange(url: string, bytes: Buffer): Promise<Exchange | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    const settle = (): void => {
      resolve(answerIn(Buffer.concat(chunks)));
      socket.destroy();
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (isWhole(Buffer.concat(chunks))) settle();
    });
    socket.on('close', settle);
    // A reset while we were still sending: what was read before it counts.
    socket.on('error', settle);
    limit(socket, () => {
      reject(new Error(`no answer to ${JSON.stringify(bytes.toString('latin1').slice(0, 2_000))}`));
    });
    socket.write(bytes);
  });
}

function limit(socket: Socket, giveUp: () => void): void {
  const nudge = setTimeout(() => socket.end(), PATIENCE_MS);
  const end = setTimeout(() => {
    giveUp();
    socket.destroy();
  }, ANSWER_WITHIN_MS);
  socket.on('close', () => {
    clearTimeout(nudge);
    clearTimeout(end);
  });
}

function headOf(bytes: Buffer): { head: string; start: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? undefined : { head: bytes.subarray(0, end).toString('latin1'), start: end + 4 };
}

function header(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
}

function isWhole(bytes: Buffer): boolean {
  const found = headOf(bytes);
  if (found === undefined) return false;
  // Of 100 Continue the rest is still to come. All of ours have a length but for streams, which end by closing.
  const length = header(found.head, 'content-length');
  const isWithoutBody = / (?:204|304) /.test(found.head.slice(0, 16));
  return isWithoutBody || (length !== undefined && bytes.length >= found.start + Number(length));
}

function answerIn(bytes: Buffer): Exchange | undefined {
  const found = headOf(bytes);
  if (found === undefined) return undefined;
  const { head, start } = found;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  if (status === 100) return answerIn(bytes.subarray(start));
  // What follows answers what the server took for a second request.
  const end = start + Number(header(head, 'content-length') ?? bytes.length);
  return { status, contentType: header(head, 'content-type'), body: bytes.subarray(start, end).toString() };
}
