import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type JobInfo } from '../support/client.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { useServer } from '../support/server.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

type Told = JobInfo & { readonly webhook: Readonly<Record<string, unknown>> };

/** Of these eight at once are told. */
const MORE_THAN_AT_ONCE = 12;

const SWITCHES = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
const ENDLESS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
const SHORT = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello';

/** Whoever answers every request with these bytes, and then does that with the connection. */
async function rawReceiver(answer: string, afterwards: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(answer, () => {
        afterwards(socket);
      });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEndOfFile(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const nothing = (): void => undefined;
const closing = (socket: Socket): void => {
  socket.destroy();
};

/** At its end it must stop, and in time, whatever is still under way. */
describe('Webhooks whose receiver answers oddly', () => {
  const server = useServer(() => ({
    env: { WEBHOOK_ALLOW_PRIVATE: 'true', WEBHOOK_RETRY_SECONDS: '3600', AGENT_CONCURRENCY: '4' },
  }));
  let good: WebhookReceiver;
  beforeAll(async () => {
    good = await WebhookReceiver.start();
  });

  it.each([
    ['switches protocols', SWITCHES, nothing, { state: 'pending', tries: 1, last_status: 101 }],
    ['does not end its answer', ENDLESS, nothing, { state: 'delivered', tries: 1, last_status: 200 }],
    ['breaks off its answer', SHORT, closing, { state: 'delivered', tries: 1, last_status: 200 }],
    ['says nothing', '', closing, { state: 'pending', tries: 1, last_status: null }],
  ])('are counted once, and hold up no other: %s', async (_what, answer, afterwards, outcome) => {
    const { client } = server();
    const url = await rawReceiver(answer, afterwards);
    const told = async (id: string): Promise<Told['webhook']> => ((await client.info(id)) as Told).webhook;
    const ids = await Promise.all(
      Array.from({ length: MORE_THAN_AT_ONCE }, () => client.run({ command: 'true', webhook: url })),
    );
    await eventually(
      async () => {
        for (const id of ids) expect(await told(id)).toMatchObject(outcome);
      },
      { withinMs: 20_000, everyMs: 100 },
    );
    const after = await client.run({ command: 'true', webhook: `${good.url}/` });
    await eventually(async () => {
      expect(await told(after)).toMatchObject({ state: 'delivered', tries: 1 });
    });
  });
});
