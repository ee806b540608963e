import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { atEndOfFile } from './end-of-file.js';
import { freePort } from './run/free-port.js';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A wire between two processes that a test may cut, silence and slow down. Its port never changes. */
export class TcpProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** Closed while silent: whatever moves waits for it. */
  private passage = Promise.resolve();
  private open: () => void = () => undefined;
  private delayMs = 0;

  private constructor(
    readonly port: number,
    private readonly target: Target,
  ) {
    this.server = createServer({ allowHalfOpen: true }, (near) => {
      this.join(near);
    });
  }

  /** Listens until the end of the test file. */
  static async before(target: Target): Promise<TcpProxy> {
    const proxy = new TcpProxy(await freePort(), target);
    await proxy.listen();
    atEndOfFile(() => {
      proxy.cut();
    });
    return proxy;
  }

  /** The same address with the proxy in the place of the target. */
  static async beforeUrl(url: string): Promise<{ proxy: TcpProxy; url: string }> {
    const through = new URL(url);
    const proxy = await TcpProxy.before({ host: through.hostname, port: Number(through.port) });
    through.host = `127.0.0.1:${proxy.port}`;
    return { proxy, url: through.href.replace(/\/$/, '') };
  }

  /** Breaks off all connections, and refuses new ones. */
  cut(): void {
    this.server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    this.open();
  }

  /** Takes connections and what is sent over them, and passes nothing on, not even an end, until it is mended. */
  silence(): void {
    this.open();
    this.passage = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  /** Lets pass what was held back, also of those who have gone meanwhile, and takes connections again. */
  async mend(): Promise<void> {
    this.delayMs = 0;
    this.open();
    if (!this.server.listening) await this.listen();
  }

  /** Holds back everything by so many ms. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  private async listen(): Promise<void> {
    await once(this.server.listen(this.port, '127.0.0.1'), 'listening');
  }

  private join(near: Socket): void {
    const far = createConnection({ ...this.target, allowHalfOpen: true });
    this.carry(near, far);
    this.carry(far, near);
  }

  /** All that happens at `from`, in its order, at `to`. */
  private carry(from: Socket, to: Socket): void {
    let last = Promise.resolve();
    const pass = (act: () => void): void => {
      last = last.then(() => this.passed()).then(act);
    };
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      from.pause();
      pass(() => {
        to.write(chunk);
        from.resume();
      });
    });
    from.on('end', () => {
      pass(() => to.end());
    });
    from.on('error', () => undefined);
    from.on('close', (failed) => {
      this.sockets.delete(from);
      pass(() => {
        if (failed) to.resetAndDestroy();
        else to.destroySoon();
      });
    });
  }

  private async passed(): Promise<void> {
    if (this.delayMs > 0) await delay(this.delayMs);
    await this.passage;
  }
}
