import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { traceHeaders } from '../../tracing/trace-parent.js';
import { type ReportMethod, REPORTS_PATH } from '../report-wire.port.js';
import { exchange, type Reply } from './exchange.js';
import { type Patience } from './patience.js';

/** Below what servers and load balancers keep idle, above the pause between two signs of life. */
const IDLE_MS = 15_000;
/** A kept connection may have died unnoticed: after this part of the time it is given up for a new one. */
const SHARE_OF_KEPT_CONNECTION = 0.25;
/** What a large body may take on top: a second a MiB. */
const MS_PER_BYTE = 1_000 / 1_048_576;

export interface ReportServerOptions {
  readonly token?: string;
  readonly patience: Patience;
}

/** One server, and the connections to it. */
export class ReportServer {
  /** For messages: without user, password and query. */
  readonly shownUrl: string;
  private readonly agent: HttpAgent;

  /** @param url `http:` or `https:`; may have a path */
  constructor(
    url: string,
    private readonly options: ReportServerOptions,
  ) {
    const { origin, pathname, protocol } = new URL(url);
    this.shownUrl = origin + pathname.replace(/\/+$/, '');
    const keeping = { keepAlive: true, timeout: IDLE_MS };
    this.agent = protocol === 'https:' ? new HttpsAgent(keeping) : new HttpAgent(keeping);
  }

  /**
   * Asked twice where a kept connection does not work: that says nothing of the server. Follows no redirect.
   * @throws ServerFault where there is no whole answer
   */
  async post(method: ReportMethod, body: Buffer): Promise<Reply> {
    const timeoutMs = Math.ceil(this.options.patience.ms + body.length * MS_PER_BYTE);
    const request = this.open(method, body);
    if (!request.reusedSocket) return exchange(request, body, timeoutMs);
    try {
      return await exchange(request, body, Math.ceil(timeoutMs * SHARE_OF_KEPT_CONNECTION));
    } catch {
      // What killed this connection has most likely killed those that lie idle beside it.
      this.dropIdleConnections();
      return exchange(this.open(method, body), body, timeoutMs);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private open(method: ReportMethod, body: Buffer): ClientRequest {
    const url = new URL(`${this.shownUrl}/${REPORTS_PATH}/${method}`);
    const { token } = this.options;
    const headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': body.length,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...traceHeaders(),
    };
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return start(url, { method: 'POST', headers, agent: this.agent });
  }

  private dropIdleConnections(): void {
    for (const sockets of Object.values(this.agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}
