import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { atEndOfFile } from '../support/end-of-file.js';
import { nothingAliveWith, uniqueSleep } from '../support/marked-jobs.js';
import { startServer } from '../support/server.js';

/** Takes connections, and never says a word. */
async function silentServer(): Promise<string> {
  const server = createServer((connection) => connection.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEndOfFile(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('while the data manager is silent', () => {
  it('jobs expire, are deleted and cancelled in time, and the service ends in time', async () => {
    const env = {
      DATA_MANAGER_URL: await silentServer(),
      AGENT_CONCURRENCY: '20',
      KILL_GRACE_SECONDS: '1',
    };
    const server = await startServer({ env });
    const { client } = server;
    const seconds = uniqueSleep();
    const expiring = await Promise.all(
      Array.from({ length: 16 }, () => client.run({ command: `sleep ${seconds}`, ttl: 3 })),
    );
    for (const id of expiring) await client.waitForState(id, ['running']);
    await nothingAliveWith(seconds, { withinMs: 8_000 });
    const other = uniqueSleep();
    const doomed = await client.run(`sleep ${other}`);
    await client.waitForState(doomed, ['running']);
    expect((await client.call('DELETE', '/delete', { json: { job_id: doomed } })).status).toBe(200);
    await nothingAliveWith(other, { withinMs: 8_000 });
    await server.end();
  });
});
