import { type Socket } from 'node:net';
import { type Pool } from 'mysql2';

/** mysql2's types say `any`, or nothing. */
interface Connection {
  readonly stream: Socket;
}

/**
 * Ends connections over which a server has sent nothing for `silenceMs` while a statement waited for it: one that
 * is frozen, or behind a network that swallows packets, would hold its caller for ever. What waited fails with `ETIMEDOUT`.
 */
export function watchForSilence(pool: Pool, silenceMs: number): void {
  const watched = new WeakSet<Socket>();
  pool.on('acquire', (connection) => {
    const { stream } = connection as unknown as Connection;
    stream.setTimeout(silenceMs);
    if (watched.has(stream)) return;
    watched.add(stream);
    stream.on('timeout', () => {
      stream.destroy(Object.assign(new Error('the database is silent'), { code: 'ETIMEDOUT' }));
    });
  });
  pool.on('release', (connection) => {
    (connection as unknown as Connection).stream.setTimeout(0);
  });
}
