import { expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expectError } from '../support/answers.js';
import { type Answer } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { filesBelow } from '../support/stored-files.js';

/** A server's clock follows its database's, a little at a time. */
const CLOCKS_APART_MS = 50;

describeOnDatabases('ttl', (database) => {
  const server = useServer(() => ({ database, env: { AGENT_CONCURRENCY: '4' } }));

  /** As text: a number of JavaScript could not even carry these. */
  const runWith = (ttl: string): Promise<Answer> =>
    server().client.call('POST', '/run', {
      body: `{"command": "echo x", "ttl": ${ttl}}`,
      headers: { 'content-type': 'application/json' },
    });
  const idIn = (answer: Answer): string => (answer.body as { job_id: string }).job_id;

  it.each(['18446744073709551615', '9007199254740993', '9223372036854775808', '8640000000001', '4294967296'])(
    '%s comes back exact, from a number and from a string',
    async (ttl) => {
      for (const written of [ttl, `"${ttl}"`]) {
        const answer = await runWith(written);
        expect(answer.status).toBe(201);
        const info = await server().client.waitForState(idIn(answer), ['succeeded']);
        expect(info.ttl).toBe(ttl);
      }
    },
  );

  it('comes exact from a form field', async () => {
    const answer = await server().client.call('POST', '/run', {
      body: new URLSearchParams({ command: 'true', ttl: '18446744073709551615' }),
    });
    expect(await server().client.info(idIn(answer))).toMatchObject({
      ttl: '18446744073709551615',
      expires_at: null,
    });
  });

  it.each([
    ...['18446744073709551616', '-1', '1.5', '"abc"', 'true', '[]', '{}', '""', '"-1"', '"1.5"', '" 1"'],
    ...['"0x10"', '"18446744073709551616"', '1e400', '"١"', '99999999999999999999999999'],
  ])('%s is a 400', async (ttl) => {
    expectError(await runWith(ttl), 400, 'ttl');
  });

  it('0 is accepted, and expired at once', async () => {
    const answer = await runWith('0');
    expect(answer.status).toBe(201);
    expectError(await server().client.call('GET', `/job_info/${idIn(answer)}`), 410);
    expect((await server().client.list()).job_ids).not.toContain(idIn(answer));
  });

  it('absent means for ever', async () => {
    const jobId = await server().client.run('true');
    expect(await server().client.info(jobId)).toMatchObject({ ttl: null, expires_at: null });
  });

  it('takes ten jobs at their moment, with their answers and outputs', async () => {
    const { client, dataDir } = server();
    await client.idle();
    const before = await filesBelow(join(dataDir, 'files'));
    const jobs = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const asked = performance.now();
        const id = await client.run({ command: 'echo a; echo b > b', output_files: ['b'], ttl: 4 });
        return { id, asked, accepted: performance.now() };
      }),
    );
    const ids = jobs.map(({ id }) => id);
    const infos = await Promise.all(ids.map((id) => client.waitForState(id, ['succeeded'])));
    for (const { created_at, expires_at } of infos)
      expect(Date.parse(String(expires_at)) - Date.parse(created_at)).toBe(4_000);
    const files = infos.flatMap((info) => [info.answer_id, info.outputs[0]?.file_id]);
    await Promise.all(
      jobs.map(async ({ id, asked, accepted }) => {
        const first = await firstGone(id);
        expect(first.answered).toBeGreaterThanOrEqual(asked + 4_000 - CLOCKS_APART_MS);
        expect(first.lastSeenAsked).toBeLessThanOrEqual(accepted + 4_000 + CLOCKS_APART_MS);
      }),
    );
    for (const file of files) {
      await eventually(async () => {
        expect((await client.call('GET', `/files/${String(file)}/data`)).status).toBe(404);
      });
    }
    await eventually(async () => {
      expect(before).toEqual(expect.arrayContaining(await filesBelow(join(dataDir, 'files'))));
    });
    for (const id of ids) expectError(await client.call('POST', '/cancel', { json: { job_id: id } }), 400);
  });

  /** Asks until the job is gone: when the last answer that had it was asked for, and when the 410 came. */
  async function firstGone(id: string): Promise<{ lastSeenAsked: number; answered: number }> {
    let lastSeenAsked = 0;
    for (;;) {
      const asked = performance.now();
      const answer = await server().client.call('GET', `/job_info/${id}`);
      if (answer.status === 410) return { lastSeenAsked, answered: performance.now() };
      expect(answer.status).toBe(200);
      lastSeenAsked = asked;
      await delay(5);
    }
  }
});
