import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { outputOf } from '../support/run/output-of.js';
import { startServer, type TestServer } from '../support/server.js';
import { describeWithOpenSsl } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { type Certificate, WebhookReceiver } from '../support/webhook-receiver.js';

type Told = JobInfo & { readonly webhook: { readonly state: string; readonly last_error: string | null } };

describeWithOpenSsl('A webhook by TLS', (openssl) => {
  /** Of `localhost`, signed by itself; and the path of the certificate alone. */
  async function makeCertificate(): Promise<Certificate & { readonly path: string }> {
    const directory = await temporaryDirectory();
    const [keyPath, path] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    await outputOf(openssl, ['req', ...kind, ...names, '-keyout', keyPath, '-out', path]);
    const [key, cert] = await Promise.all([readFile(keyPath, 'utf8'), readFile(path, 'utf8')]);
    return { key, cert, path };
  }

  const told = async ({ client }: TestServer, jobId: string): Promise<Told['webhook']> =>
    ((await client.info(jobId)) as Told).webhook;

  it('is delivered to whom the certificate names, and to nobody whose certificate nobody vouches for', async () => {
    const { path, ...certificate } = await makeCertificate();
    const receiver = await WebhookReceiver.start(certificate);
    const trusting = await startServer({
      env: { WEBHOOK_ALLOW_PRIVATE: 'true', NODE_EXTRA_CA_CERTS: path },
    });
    const jobId = await trusting.client.run({ command: 'true', webhook: `${receiver.url}/told` });
    await eventually(async () => {
      expect(await told(trusting, jobId)).toMatchObject({ state: 'delivered', last_error: null });
    });
    expect(receiver.at('/told')).toHaveLength(1);

    const otherName = await trusting.client.run({
      command: 'true',
      webhook: `${receiver.url.replace('localhost', '127.0.0.1')}/other`,
    });
    const doubting = await startServer({ env: { WEBHOOK_ALLOW_PRIVATE: 'true' } });
    const untrusted = await doubting.client.run({ command: 'true', webhook: `${receiver.url}/untrusted` });
    for (const [server, id] of [
      [trusting, otherName],
      [doubting, untrusted],
    ] as const)
      await eventually(async () => {
        expect(await told(server, id)).toMatchObject({
          state: 'pending',
          last_error: expect.stringContaining('certificate'),
        });
      });
    expect(receiver.received).toHaveLength(1);
  });

  it('is told in words where nobody speaks it', async () => {
    const receiver = await WebhookReceiver.start();
    const server = await startServer({ env: { WEBHOOK_ALLOW_PRIVATE: 'true' } });
    const webhook = receiver.url.replace('http:', 'https:');
    const jobId = await server.client.run({ command: 'true', webhook });
    await eventually(async () => {
      expect((await told(server, jobId)).last_error).toMatch(/^It can't be reached: TLS failed: [\w ]+\.$/);
    });
  });
});
