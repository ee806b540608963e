import { expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError, NOBODYS_ID, UUID } from '../support/answers.js';
import { type Answer, type Call, type JobInfo } from '../support/client.js';
import { describeOnDeployments } from '../support/deployments.js';
import { forMs } from '../support/for-ms.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Far less than a wait that would not end before its time, far more than an answer takes. */
const SOON_MS = 20_000;
/** Long enough for a request to be under way. */
const ON_ITS_WAY_MS = 200;

type Told = JobInfo & { readonly job_id: string };

describeOnDeployments('waiting for the end of a job', ({ options, bases }) => {
  const server = useServer(() => ({ ...options, env: { AGENT_CONCURRENCY: '2' } }));
  const call = (method: string, path: string, given: Call = {}): Promise<Answer> =>
    server().client.call(method, path, { withinMs: SOON_MS, ...given });
  const waitFor = (jobId: string, seconds = '60'): Promise<Answer> =>
    call('GET', `/job_info/${jobId}?wait=${seconds}`);
  const run = (json: object, prefer: string): Promise<Answer> =>
    call('POST', '/run', { json, headers: { prefer } });

  /** A job that ends when the test says so. */
  async function gated(): Promise<{ jobId: string; open: () => Promise<void> }> {
    const gate = join(await temporaryDirectory(), 'gate');
    const command = `until [ -e ${gate} ]; do sleep 0.02; done; printf done`;
    return {
      jobId: await server().client.run(command),
      open: () => writeFile(gate, ''),
    };
  }

  it('answers when it has ended, to all who wait, with what job_info says', async () => {
    const { jobId, open } = await gated();
    const waits = [
      waitFor(jobId),
      call('GET', `/job_info?job_id=${jobId}&wait=60`),
      call('GET', `/job_info/${jobId.toUpperCase()}?wait=60`),
    ];
    await forMs(ON_ITS_WAY_MS);
    await open();
    const answers = await Promise.all(waits);
    const info = await server().client.info(jobId);
    expect(info).toMatchObject({ state: 'succeeded', answer_id: expect.stringMatching(UUID) });
    for (const { status, body } of answers) expect([status, body]).toEqual([200, info]);
    expect((await waitFor(jobId)).body).toEqual(info);
  });

  it('answers with the state of the moment when the seconds are over', async () => {
    const { jobId, open } = await gated();
    const asked = performance.now();
    const { status, body } = await waitFor(jobId, '1');
    expect(performance.now() - asked).toBeGreaterThanOrEqual(990);
    expect([status, (body as JobInfo).state]).toEqual([200, 'running']);
    expect((await waitFor(jobId, '0')).body).toEqual(body);
    await open();
  });

  it('answers when the job is cancelled, deleted or expires', async () => {
    const client = server().client;
    const command = `sleep ${uniqueSleep()}`;
    const ids = [await client.run(command), await client.run(command), await client.run({ command, ttl: 2 })];
    const [cancelled, deleted, expired] = ids.map((jobId) => waitFor(jobId));
    await forMs(ON_ITS_WAY_MS);
    await client.cancel(String(ids[0]));
    expect((await cancelled)?.body).toMatchObject({ state: 'cancelled', answer_id: null });
    await client.remove(String(ids[1]));
    expectError(await (deleted as Promise<Answer>), 410, 'deleted');
    expectError(await (expired as Promise<Answer>), 410, 'expired');
  });

  it.each(['-1', '61', '1.5', 'x', '', '1&wait=2', '99999999999999999999'])(
    'is refused for %p seconds',
    async (seconds) => {
      expectError(await waitFor(NOBODYS_ID, seconds), 400, 'wait');
    },
  );

  it('is no wait for a job that does not exist, nor for something else in the query', async () => {
    expectError(await waitFor(NOBODYS_ID), 404);
    expectError(await waitFor('no-uuid'), 400, 'job_id');
    expectError(await call('GET', `/job_info/${NOBODYS_ID}?wiat=30`), 400, 'wiat');
  });

  it.each(bases)('comes with the start of a job that prefers it, at "%s/run"', async (base) => {
    const { status, body, headers } = await fetch(`${server().url}${base}/run`, {
      method: 'POST',
      headers: { prefer: 'respond-async, wait=60' },
      body: '{"command": "printf answer; exit 3", "name": "n",}',
      signal: AbortSignal.timeout(SOON_MS),
    }).then(async (response) => ({
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Told,
    }));
    expect(status).toBe(201);
    expect(headers.get('preference-applied')).toBe('wait=60');
    expect(body).toMatchObject({
      state: 'failed',
      exit_code: 3,
      name: 'n',
      job_id: expect.stringMatching(UUID),
    });
    expect(body).toEqual(await server().client.info(body.job_id));
  });

  it('tells as much of a job that has not ended by then', async () => {
    const command = `sleep ${uniqueSleep()}`;
    const { status, body, headers } = await run({ command }, 'wait=1');
    expect([status, headers.get('preference-applied')]).toEqual([201, 'wait=1']);
    const { job_id, state } = body as Told;
    expect(state).toBe('running');
    await server().client.cancel(job_id);
    const now = await run({ command: 'true' }, 'wait=0');
    expect(now.body).toMatchObject({ job_id: expect.stringMatching(UUID), state: expect.any(String) });
  });

  it('tells no more than the id of a job that is gone by then: it was accepted', async () => {
    for (const ttl of [0, 1]) {
      const { status, body, headers } = await run({ command: `sleep ${uniqueSleep()}`, ttl }, 'wait=60');
      expect([status, Object.keys(body as object)]).toEqual([201, ['job_id']]);
      expect(headers.has('preference-applied')).toBe(false);
    }
  });

  it.each(['wait', 'wait=x', 'wait=-1', 'respond-async', 'return=minimal'])(
    'is not what "Prefer: %s" says, and nothing wrong',
    async (prefer) => {
      const { status, body, headers } = await run({ command: 'true' }, prefer);
      expect([status, Object.keys(body as object)]).toEqual([201, ['job_id']]);
      expect(headers.has('preference-applied')).toBe(false);
    },
  );

  it('takes a preference for longer as one for as long as can be had', async () => {
    const { headers } = await run({ command: 'true' }, 'wait=3600');
    expect(headers.get('preference-applied')).toBe('wait=60');
  });

  it('refuses what is wrong at once', async () => {
    expectError(await run({ command: '' }, 'wait=60'), 400, 'command');
  });
});
