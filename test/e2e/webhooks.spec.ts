import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { randomBytes } from 'node:crypto';
import { expectError } from '../support/answers.js';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { SmallFleet } from '../support/fleet.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import {
  createDatabase,
  describeOnDatabases,
  describeWithMysql,
  describeWithRedis,
} from '../support/services.js';
import { type Received, WebhookReceiver } from '../support/webhook-receiver.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const ENV = { WEBHOOK_SECRET: SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', KILL_GRACE_SECONDS: '0' };

type Told = JobInfo & {
  readonly webhook: {
    state: string;
    tries: number;
    last_status: number | null;
    next_try_at: string | null;
  } | null;
};
interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: JobInfo & { readonly job_id: string };
}

/** By a library of others, which throws where the signature is wrong or the time is too far away. */
function verified({ body, headers }: Received): Message {
  return new Webhook(SECRET).verify(body, headers as Record<string, string>) as Message;
}

describeOnDatabases('Webhooks', (database) => {
  const server = useServer(() => ({ database, env: { ...ENV, AGENT_CONCURRENCY: '2' } }));
  let receiver: WebhookReceiver;
  let hooks = 0;

  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
  });

  /** A path of its own, so that each test sees its own messages only. */
  function hook(): { path: string; url: string } {
    const path = `/hook/${String((hooks += 1))}?q=1`;
    return { path, url: receiver.url + path };
  }
  const info = async (jobId: string): Promise<Told> => (await server().client.info(jobId)) as Told;

  it('tell of each end, signed, with what job_info says', async () => {
    const { client } = server();
    const ends = { succeeded: 'true', failed: 'exit 3', cancelled: `sleep ${uniqueSleep()}` };
    for (const [state, command] of Object.entries(ends)) {
      const { path, url } = hook();
      const jobId = await client.run({ command, webhook: url, name: 'told' });
      if (state === 'cancelled') {
        expect((await info(jobId)).webhook).toMatchObject({ url, state: 'waiting', tries: 0 });
        await client.cancel(jobId);
      }
      const { webhook, ...job } = await eventually(async () => {
        const told = await info(jobId);
        expect(told.webhook).toMatchObject({
          state: 'delivered',
          tries: 1,
          last_status: 204,
          next_try_at: null,
        });
        return told;
      });
      expect(webhook).not.toBeNull();
      const [message, ...more] = receiver.at(path);
      expect(more).toEqual([]);
      expect(verified(message as Received)).toEqual({
        type: `job.${state}`,
        timestamp: job.finished_at,
        data: job,
      });
      expect(message?.headers).toMatchObject({ 'webhook-id': jobId, 'content-type': 'application/json' });
      expect(job.state).toBe(state);
    }
  });

  it('tell why one did not arrive, follow no redirect, and give up where it is gone', async () => {
    const { path, url } = hook();
    receiver.answer = () => (receiver.at(path).length === 1 ? 302 : 410);
    const jobId = await server().client.run({ command: 'true', webhook: url });
    await eventually(async () => {
      expect((await info(jobId)).webhook).toMatchObject({ state: 'pending', last_error: 'It answered 302.' });
    });
    await eventually(async () => {
      expect((await info(jobId)).webhook).toMatchObject({
        state: 'failed',
        tries: 2,
        last_error: 'It answered 410.',
      });
    });
    receiver.answer = () => 204;
    expect(receiver.at('/elsewhere')).toEqual([]);
    const nobody = await server().client.run({ command: 'true', webhook: 'http://127.0.0.1:1/' });
    await eventually(async () => {
      expect((await info(nobody)).webhook).toMatchObject({
        state: 'pending',
        last_status: null,
        last_error: expect.stringContaining('ECONNREFUSED'),
      });
    });
    await server().client.remove(nobody);
  });

  it('that hang hold up no other, and no job', async () => {
    const slow = hook();
    receiver.answer = () => 'hang';
    for (let count = 0; count < 12; count += 1)
      await server().client.run({ command: 'true', webhook: slow.url });
    await eventually(() => {
      expect(receiver.at(slow.path)).toHaveLength(8);
    });
    const other = await WebhookReceiver.start();
    const elsewhere = other.url.replace('127.0.0.1', 'localhost');
    const jobId = await server().client.run({ command: 'true', webhook: `${elsewhere}/` });
    await eventually(async () => {
      expect((await info(jobId)).webhook).toMatchObject({ state: 'delivered' });
    });
    receiver.answer = () => 204;
  });

  it('are refused that are no URLs of HTTP, or hold a password', async () => {
    const wrong = ['x', 'ftp://a/', 'http://u:p@a/', 7, '', `http://a/${'x'.repeat(2_048)}`, 'http://'];
    for (const webhook of wrong) {
      const answer = await server().client.call('POST', '/run', { json: { command: 'true', webhook } });
      expectError(answer, 400, 'webhook');
    }
  });
});

describeOnDatabases('Webhooks to private addresses', (database) => {
  const server = useServer(() => ({ database, env: { WEBHOOK_SECRET: SECRET } }));

  it.each([
    'http://127.0.0.1/',
    'http://localhost:8080/x',
    'http://LOCALHOST./',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://0.0.0.0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[ff02::1]/',
    'https://127.0.0.1/',
  ])('are refused: %s', async (webhook) => {
    const answer = await server().client.call('POST', '/run', { json: { command: 'true', webhook } });
    expectError(answer, 400, 'webhook');
  });

  it('are refused for names that lead there, and tried later for names that lead nowhere', async () => {
    const { client } = server();
    const jobId = await client.run({ command: 'true', webhook: 'http://no-such-name.invalid/' });
    await eventually(async () => {
      expect(((await client.info(jobId)) as Told).webhook).toMatchObject({
        state: 'pending',
        last_error: expect.stringMatching(/no-such-name\.invalid/),
      });
    });
  });
});

describeWithMysql('Webhooks on MariaDB', () => {
  describeWithRedis('with several servers', () => {
    let fleet: SmallFleet;
    beforeAll(async () => {
      const database = { name: 'MariaDB' as const, create: createDatabase };
      fleet = await SmallFleet.start({ database, env: ENV });
      await fleet.agent();
    });
    afterAll(() => fleet.end());

    it('are sent once each, by one of them', async () => {
      const receiver = await WebhookReceiver.start();
      const clients = [fleet.one, fleet.two];
      const request = { command: 'true', webhook: `${receiver.url}/` };
      const ids = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (clients[n % 2] ?? fleet.one).run(request)),
      );
      await eventually(
        async () => {
          const all = (await Promise.all(ids.map((id) => fleet.two.info(id)))) as Told[];
          expect(all.map(({ webhook }) => webhook?.state)).toEqual(ids.map(() => 'delivered'));
        },
        { withinMs: 30_000, everyMs: 200 },
      );
      expect(receiver.received.map((one) => verified(one).data.job_id).sort()).toEqual([...ids].sort());
    });
  });
});
