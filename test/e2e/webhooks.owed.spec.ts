import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { randomBytes } from 'node:crypto';
import { type JobClient, type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startServer, useServer } from '../support/server.js';
import { createDatabase, describeWithMysql } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { type Received, WebhookReceiver } from '../support/webhook-receiver.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const ENV = { WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', KILL_GRACE_SECONDS: '0' };

/** By a library of others, which throws where the signature is wrong or the time is too far away. */
function verified({ body, headers }: Received): { data: { job_id: string } } {
  return new Webhook(SECRET).verify(body, headers as Record<string, string>) as { data: { job_id: string } };
}

async function toldOf(client: JobClient, jobId: string): Promise<JobInfo & { webhook: unknown }> {
  return (await client.info(jobId)) as JobInfo & { webhook: unknown };
}

describe('Webhooks that are not answered', () => {
  const server = useServer(() => ({ env: ENV }));

  it('are tried until they are answered, under one id', async () => {
    const receiver = await WebhookReceiver.start();
    receiver.answer = (count) => (count <= 5 ? 500 : 200);
    const jobId = await server().client.run({ command: 'true', webhook: `${receiver.url}/` });
    await eventually(
      async () => {
        expect((await toldOf(server().client, jobId)).webhook).toMatchObject({
          state: 'delivered',
          tries: 6,
          last_status: 200,
        });
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    const messages = receiver.received;
    expect(messages.map(({ headers }) => headers['webhook-id'])).toEqual(Array(6).fill(jobId));
    expect(new Set(messages.map((message) => JSON.stringify(verified(message)))).size).toBe(1);
  });
});

describeWithMysql('Webhooks that are owed on MariaDB', () => {
  it('are sent by the next server where one was killed', async () => {
    const receiver = await WebhookReceiver.start();
    receiver.answer = () => 'hang';
    const [dataDir, { url }] = await Promise.all([temporaryDirectory(), createDatabase()]);
    const env = { ...ENV, DATABASE_URL: url };
    const server = await startServer({ dataDir, env });
    const jobId = await server.client.run({ command: 'true', webhook: `${receiver.url}/` });
    await eventually(() => {
      expect(receiver.received).toHaveLength(1);
    });
    await server.kill();
    receiver.answer = () => 204;
    await server.restart();
    await eventually(
      async () => {
        expect((await toldOf(server.client, jobId)).webhook).toMatchObject({ state: 'delivered' });
      },
      { withinMs: 60_000, everyMs: 100 },
    );
    expect(receiver.received.map((one) => verified(one).data.job_id)).toEqual([jobId, jobId]);
    await server.end();
  });
});
