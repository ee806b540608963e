import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { atEndOfFile } from './end-of-file.js';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** In PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Somebody who is told of the ends of jobs: a real HTTP server that answers as it was told to. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  /** Of each request its status; 'hang': none at all. */
  answer: (count: number) => number | 'hang' = () => 204;

  private constructor(
    private readonly server: Server,
    private readonly origin: string,
  ) {}

  /** Listens until the end of the test file; by TLS, as `localhost`, where it has a certificate. */
  static async start(certificate?: Certificate): Promise<WebhookReceiver> {
    const server = certificate === undefined ? createServer() : createTlsServer(certificate);
    const origin = certificate === undefined ? 'http://127.0.0.1' : 'https://localhost';
    const receiver = new WebhookReceiver(server, origin);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        receiver.received.push({ path: String(request.url), headers: request.headers, body });
        const status = receiver.answer(receiver.received.length);
        if (status === 'hang') return;
        const location = status >= 300 && status < 400 ? { location: `${receiver.url}/elsewhere` } : {};
        response.writeHead(status, location).end();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    atEndOfFile(() => {
      server.closeAllConnections();
      server.close();
    });
    return receiver;
  }

  get url(): string {
    return `${this.origin}:${(this.server.address() as AddressInfo).port}`;
  }

  /** What came for one path. */
  at(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }
}
