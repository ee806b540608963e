import { type Socket } from 'node:net';
import { type Pool, type PoolConnection } from 'mysql2';

/** The socket of a connection, of which mysql2's types don't tell. */
export function streamOf(connection: PoolConnection): Socket {
  return (connection as unknown as { readonly stream: Socket }).stream;
}

/**
 * Ends connections over which a server has sent nothing for `silenceMs` while a statement waited for it: one that
 * is frozen, or behind a network that swallows packets, would hold its caller for ever. What waited fails with `ETIMEDOUT`.
 */
export function watchForSilence(pool: Pool, silenceMs: number): void {
  const watched = new WeakSet<Socket>();
  pool.on('acquire', (connection) => {
    const stream = streamOf(connection);
    stream.setTimeout(silenceMs);
    if (watched.has(stream)) return;
    watched.add(stream);
    stream.on('timeout', () => {
      stream.destroy(Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' }));
    });
  });
  pool.on('release', (connection) => {
    streamOf(connection).setTimeout(0);
  });
}
