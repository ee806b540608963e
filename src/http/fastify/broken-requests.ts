import { type FastifyInstance } from 'fastify';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';

/** A connection with what Node keeps of the answer in progress on it, and of the request that is being read. */
type Connection = Duplex & {
  readonly _httpMessage?: ServerResponse | null;
  readonly parser?: { readonly incoming: IncomingMessage | null } | null;
};

/** Those on which nothing more is read: each further byte would be told of once more. */
const BROKEN = new WeakSet<Connection>();

const HOST = 'host';

const STATUS_OF: Readonly<Record<string, { status: number; error: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, error: 'The URL and the headers are too long together.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, error: 'The extensions of a chunk are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, error: 'The request did not arrive in time.' },
};

/** Answers a request that the HTTP parser could not read, in the shape of all errors, after those that came before it. */
export function answerUnparsable(error: Error & { code?: string }, connection: Connection): void {
  if (error.code === 'ECONNRESET' || !connection.writable) {
    connection.destroy();
    return;
  }
  if (BROKEN.has(connection)) return;
  BROKEN.add(connection);
  const fallback = { status: 400, error: 'The request is not valid HTTP/1.1.' };
  answerInTurn(connection, STATUS_OF[error.code ?? ''] ?? fallback);
}

function answerInTurn(connection: Connection, answer: { status: number; error: string }): void {
  const { _httpMessage: current } = connection;
  if (current && !isOfBroken(current, connection))
    current.once('finish', () => {
      answerInTurn(connection, answer);
    });
  // Bytes in the middle of another answer would be taken for a part of it.
  else if (current?.headersSent === true || !connection.writable) connection.destroy();
  else writeAndClose(connection, answer);
}

/** Whether it is the answer to the very request in whose body the parser has stopped. */
function isOfBroken({ req }: ServerResponse, { parser }: Connection): boolean {
  return req === parser?.incoming && !req.complete;
}

function writeAndClose(connection: Duplex, answer: { status: number; error: string }): void {
  const body = JSON.stringify({ error: answer.error });
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    connection.destroy();
  });
}

/** What Node would otherwise answer by itself, without a body or not at all. */
export function answerOddRequests(instance: FastifyInstance): void {
  instance.server.on('connect', (_request: IncomingMessage, connection: Duplex) => {
    connection.on('error', () => connection.destroy());
    writeAndClose(connection, { status: 405, error: 'CONNECT is not possible here: this is no proxy.' });
  });
  instance.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.stringify({ error: 'Only "100-continue" can be expected.' });
    const type = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    };
    response.writeHead(417, { ...type, connection: 'close' }).end(body);
  });
  instance.addHook('onRequest', (request, reply, done) => {
    const { httpVersion, rawHeaders } = request.raw;
    const hosts = hostsIn(rawHeaders);
    if (httpVersion === '1.1' && hosts === 0)
      void reply.code(400).send({ error: 'The request has no Host header.' });
    else if (hosts > 1) void reply.code(400).send({ error: 'The request has more than one Host header.' });
    else done();
  });
}

/** Node keeps the first, and another on the way may have gone by the last (RFC 9112, 3.2). */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === HOST.length && name.toLowerCase() === HOST) hosts += 1;
  }
  return hosts;
}
