import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '../kernel/errors.js';
import { readBody } from './read-body.js';

describe('a body', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** A request whose head and these bytes have come, and which may be cut off. */
  async function requestWith(
    head: string,
    bytes: string,
  ): Promise<{ request: IncomingMessage; cut: () => void }> {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n${bytes}`);
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    return {
      request,
      cut: () => {
        socket.destroy();
      },
    };
  }

  const codeOf = (body: Promise<Buffer>): Promise<unknown> =>
    body.then(String, (error: unknown) => (error instanceof DomainError ? error.code : error));

  it('is whole', async () => {
    const { request } = await requestWith('Content-Length: 3', 'abc');
    expect(await codeOf(readBody(request, 3))).toBe('abc');
  });

  it('comes too slowly', async () => {
    const { request } = await requestWith('Content-Length: 3', 'ab');
    expect(await codeOf(readBody(request, 3, 20))).toBe('too_slow');
  });

  it('is cut off', async () => {
    const { request, cut } = await requestWith('Content-Length: 3', 'ab');
    const code = codeOf(readBody(request, 3));
    cut();
    expect(await code).toBe('invalid_request');
  });

  it('is too large, also where it comes slowly', async () => {
    const { request } = await requestWith('Transfer-Encoding: chunked', '4\r\nabcd\r\n');
    expect(await codeOf(readBody(request, 3, 20))).toBe('too_large');
  });
});
