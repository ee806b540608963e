import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, type FaultyServer, headersOf } from './faulty-server.js';

type Matches = (request: IncomingMessage) => boolean;

export const uploads: Matches = ({ method }) => method === 'POST';
export const downloads: Matches = ({ url }) => url?.endsWith('/data') ?? false;
export const infos: Matches = ({ url }) => url?.endsWith('/info') ?? false;

/** Answers with this status, having read the body. */
export function answering(matches: Matches, status: number, headers: Record<string, string> = {}): Fault {
  return taking(matches, (request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(status, headers).end('{"error":"planned"}'));
  });
}

/** Answers with this JSON. */
export function saying(matches: Matches, body: unknown, status = 200): Fault {
  return taking(matches, (request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(status).end(JSON.stringify(body)));
  });
}

/** Breaks the connection before any answer. */
export function resetting(matches: Matches): Fault {
  return taking(matches, (request) => {
    request.socket.resetAndDestroy();
  });
}

/** Takes the request and never answers. */
export function hanging(matches: Matches): Fault {
  return taking(matches, (request) => {
    request.resume();
  });
}

/** Does all that was asked, and then loses the answer. */
export function losingTheAnswer(server: FaultyServer, matches: Matches): Fault {
  return taking(matches, async (request) => {
    await server.forward(request);
    request.socket.resetAndDestroy();
  });
}

/** Sends that many bytes of the body, then breaks the connection (or falls silent). */
export function cutting(
  server: FaultyServer,
  { matches, after, silently = false }: { matches: Matches; after: number; silently?: boolean },
): Fault {
  return taking(matches, async (request, response) => {
    const { status, headers, body } = await server.forward(request);
    response.writeHead(status, headersOf(headers));
    response.write(body.subarray(0, after), () => {
      if (!silently) request.socket.destroy();
    });
  });
}

/** Sends the body changed, with a length that fits what is sent. */
export function changing(server: FaultyServer, matches: Matches, change: (body: Buffer) => Buffer): Fault {
  return taking(matches, async (request, response) => {
    const { status, headers, body } = await server.forward(request);
    const sent = change(body);
    response.writeHead(status, { ...headersOf(headers), 'content-length': String(sent.length) }).end(sent);
  });
}

/** Ignores the range that was asked for and sends all. */
export function ignoringRanges(server: FaultyServer, matches: Matches): Fault {
  return taking(matches, async (request, response) => {
    delete request.headers.range;
    const { status, headers, body } = await server.forward(request);
    response.writeHead(status, headersOf(headers)).end(body);
  });
}

/** Sends the body in so many pieces with a pause in between. */
export function dripping(
  server: FaultyServer,
  { matches, pieces, pauseMs }: { matches: Matches; pieces: number; pauseMs: number },
): Fault {
  return taking(matches, async (request, response) => {
    const { status, headers, body } = await server.forward(request);
    response.writeHead(status, headersOf(headers));
    const size = Math.ceil(body.length / pieces);
    for (let sent = 0; sent < body.length; sent += size) {
      response.write(body.subarray(sent, sent + size));
      await delay(pauseMs);
    }
    response.end();
  });
}

function taking(
  matches: Matches,
  act: (request: IncomingMessage, response: ServerResponse) => unknown,
): Fault {
  return async (request, response) => {
    if (!matches(request)) return false;
    await act(request, response);
    return true;
  };
}
