import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { atEndOfFile } from './end-of-file.js';

/** What to do with one request instead of passing it on. True: it was dealt with. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * A real HTTP server in front of another one. It passes requests on, except where a fault is planned; each fault is
 * asked about each request until it took one, then it is over.
 */
export class FaultyServer {
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
  }[] = [];
  private faults: Fault[] = [];
  private readonly server: Server;

  private constructor(private readonly upstream: string) {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch(() => {
        response.destroy();
      });
    });
  }

  /** Listens on a free port until the end of the test file. */
  static async before(upstream: string): Promise<FaultyServer> {
    const faulty = new FaultyServer(upstream);
    await once(faulty.server.listen(0, '127.0.0.1'), 'listening');
    atEndOfFile(() => {
      faulty.stop();
    });
    return faulty;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what was seen and plans what goes wrong next. */
  plan(...faults: Fault[]): void {
    this.seen.length = 0;
    this.faults = faults;
  }

  /** How many planned faults have not happened. */
  get pending(): number {
    return this.faults.length;
  }

  /** Breaks off all connections and takes no more. */
  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Passes a request on as it is; the whole answer lies in memory before any of it is given to `send`. */
  async forward(request: IncomingMessage): Promise<{ status: number; headers: Headers; body: Buffer }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const names = ['content-type', 'idempotency-key', 'authorization', 'range'];
    const headers = names.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value] as [string, string]] : [];
    });
    const answer = await fetch(this.upstream + (request.url ?? ''), {
      method: request.method ?? 'GET',
      headers,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    for (const fault of this.faults) {
      if (!(await fault(request, response))) continue;
      this.faults = this.faults.filter((other) => other !== fault);
      return;
    }
    const { status, headers, body } = await this.forward(request);
    response.writeHead(status, headersOf(headers)).end(body);
  }
}

/** The headers to pass on with a body of which the length is known anew. */
export function headersOf(headers: Headers): Record<string, string> {
  const hopByHop = ['connection', 'keep-alive', 'transfer-encoding'];
  return Object.fromEntries([...headers].filter(([name]) => !hopByHop.includes(name)));
}
