import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that the system gives to outgoing connections, so that it stays free over a restart. */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return port;
    } catch {
      continue;
    } finally {
      server.close();
    }
  }
}
