import { expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { describeOnDeployments } from '../support/deployments.js';
import { forMs } from '../support/for-ms.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { bytesIn, OutputStream } from '../support/output-stream.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Long enough for a request to be under way. */
const ON_ITS_WAY_MS = 200;

describeOnDeployments('the output of a job, as it is written', ({ options }) => {
  const server = useServer(() => ({ ...options, env: { AGENT_CONCURRENCY: '2', KILL_GRACE_SECONDS: '1' } }));
  const follow = (jobId: string, lastEventId?: string): Promise<OutputStream> =>
    OutputStream.open(server().client, jobId, lastEventId);

  /** A gate that a command can wait for with `until [ -e … ]`. */
  async function gate(): Promise<{ waiting: string; open: () => Promise<void> }> {
    const path = join(await temporaryDirectory(), 'gate');
    return { waiting: `until [ -e ${path} ]; do sleep 0.02; done`, open: () => writeFile(path, '') };
  }

  it('is told line by line while the command runs, and ends with what job_info says', async () => {
    const [first, second] = [await gate(), await gate()];
    const jobId = await server().client.run(
      `echo one; ${first.waiting}; echo two >&2; ${second.waiting}; printf three; exit 3`,
    );
    const stream = await follow(jobId);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('cache-control')).toBe('no-store, no-transform');
    await stream.until(({ events }) =>
      events.some(({ event, data }) => event === 'stdout' && data === 'one\n'),
    );
    await first.open();
    await stream.until(({ events }) =>
      events.some(({ event, data }) => event === 'stderr' && data === 'two\n'),
    );
    await second.open();
    expect(await stream.ended).toBe(true);
    expect(stream.bytes('stdout').toString()).toBe('one\nthree');
    expect(stream.events.map(({ event }) => event)).toEqual(['attempt', 'stdout', 'stderr', 'stdout', 'end']);
    expect(stream.end).toEqual(await server().client.info(jobId));
    expect(stream.end).toMatchObject({ state: 'failed', exit_code: 3 });
  });

  it('waits for a job that has not begun, and is heard by all who follow', async () => {
    const hold = await gate();
    const busy = await Promise.all([1, 2].map(() => server().client.run(hold.waiting)));
    const jobId = await server().client.run('echo begun');
    const streams = await Promise.all([follow(jobId), follow(jobId), follow(jobId)]);
    await forMs(ON_ITS_WAY_MS);
    expect(streams.flatMap(({ events }) => events)).toEqual([]);
    await hold.open();
    for (const stream of streams) {
      expect(await stream.ended).toBe(true);
      expect(stream.bytes('stdout').toString()).toBe('begun\n');
      expect(stream.end).toMatchObject({ state: 'succeeded' });
    }
    await Promise.all(busy.map((id) => server().client.waitForState(id, ['succeeded'])));
  });

  it('comes whole and once, however often it is broken off, whatever bytes it is of', async () => {
    // Of all bytes, of carriage returns and of characters cut in two by pauses.
    const command = `for i in $(seq 1 60); do
      printf "line $i \\303"; sleep 0.01; printf "\\244 \\r\\n\\360\\237\\230\\200\\377"; head -c 3000 /dev/urandom
      [ $((i % 7)) = 0 ] && printf "error $i\\n" >&2; sleep 0.01
    done; printf "\\342\\202"`;
    const jobId = await server().client.run(command);
    const events: OutputStream['events'] = [];
    for (let isOver = false; !isOver;) {
      const stream = await follow(jobId, events.at(-1)?.id);
      await stream.until((one) => one.events.length > 3 || one.end !== undefined);
      isOver = stream.end !== undefined;
      stream.leave();
      await stream.ended;
      events.push(...stream.events);
    }
    const { state, answer_id, stderr_id } = await server().client.info(jobId);
    expect(state).toBe('succeeded');
    const stored = await server().client.download(String(answer_id));
    expect(bytesIn(events, 'stdout').equals(stored)).toBe(true);
    const errors = await server().client.download(String(stderr_id));
    expect(bytesIn(events, 'stderr').toString()).toBe(errors.toString());
  });

  it('is told of a job that has ended, from any of its bytes on, and no more after its end', async () => {
    const jobId = await server().client.run('printf 0123456789; printf abc >&2');
    await server().client.waitForState(jobId, ['succeeded']);
    const whole = await follow(jobId);
    expect(await whole.ended).toBe(true);
    expect([whole.bytes('stdout'), whole.bytes('stderr')].map(String)).toEqual(['0123456789', 'abc']);
    const part = await follow(jobId, '1.7.1');
    expect(await part.ended).toBe(true);
    expect([part.bytes('stdout'), part.bytes('stderr')].map(String)).toEqual(['789', 'bc']);
    const { response, ended } = await follow(jobId, whole.lastEventId);
    expect([response.status, await ended]).toEqual([204, true]);
  });

  it('ends when the job is cancelled or deleted, and says so', async () => {
    const command = `echo on; sleep ${uniqueSleep()}`;
    const [cancelled, deleted] = [await server().client.run(command), await server().client.run(command)];
    const streams = [await follow(cancelled), await follow(deleted)] as const;
    for (const stream of streams) await stream.until((one) => one.bytes('stdout').length === 3);
    await server().client.cancel(cancelled);
    await server().client.remove(deleted);
    for (const stream of streams) expect(await stream.ended).toBe(true);
    expect(streams[0].end).toMatchObject({ state: 'cancelled', answer_id: null });
    expect(streams[1].end).toEqual({ error: `Job ${deleted} was deleted.` });
  });

  it('holds up neither the command nor others where one reads nothing', async () => {
    const bytes = 30_000_000;
    const jobId = await server().client.run(`head -c ${bytes} /dev/zero | tr '\\0' x`);
    const slow = await server().client.stream(`/job_info/${jobId}/output`, {});
    const quick = await follow(jobId);
    await server().client.waitForState(jobId, ['succeeded']);
    expect(await quick.ended).toBe(true);
    expect(quick.bytes('stdout')).toHaveLength(bytes);
    await slow.body?.cancel();
  });

  it('is refused as job_info is, in its words', async () => {
    const { client } = server();
    const path = `/job_info/${NOBODYS_ID}/output`;
    expectError(await client.call('GET', path), 404, NOBODYS_ID);
    expectError(await client.call('GET', '/job_info/1/output'), 400, 'UUID');
    const headers = { 'last-event-id': '1.2' };
    expectError(await client.call('GET', path, { headers }), 400, 'Last-Event-ID');
    const jobId = await client.run('true');
    await client.remove(jobId);
    expectError(await client.call('GET', `/job_info/${jobId}/output`), 410, 'deleted');
    const head = await client.call('HEAD', `/job_info/${await client.run('sleep 1')}/output`, {
      withinMs: 5_000,
    });
    expect([head.status, head.body]).toEqual([200, '']);
  });
});
