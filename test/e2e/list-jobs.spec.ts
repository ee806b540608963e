import { expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { describeOnDeployments } from '../support/deployments.js';
import { useServer } from '../support/server.js';

describeOnDeployments('GET /list_jobs', ({ options }) => {
  const server = useServer(() => ({ ...options, env: { AGENT_CONCURRENCY: '2' } }));

  async function add(count: number, labels: Record<string, string>): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) ids.push(await server().client.run({ command: 'true', labels }));
    return ids;
  }

  /** Every id over all pages of 3, `between` run after each page. */
  async function pages(query: string, between: () => Promise<unknown>): Promise<string[]> {
    const ids: string[] = [];
    for (let token = ''; ;) {
      const page = await server().client.list(`${query}&limit=3${token}`);
      expect(page.job_ids.length).toBeLessThanOrEqual(3);
      ids.push(...page.job_ids);
      if (page.next_page_token === null) return ids;
      token = `&page_token=${encodeURIComponent(page.next_page_token)}`;
      await between();
    }
  }

  it('lists newest first, in pages that stay while jobs are added and go', async () => {
    const ids = await add(10, { page: 'a' });
    const removed = await add(1, { page: 'b' });
    const seen = await pages('label=page%3Da', async () => {
      await add(1, { page: 'a' });
      await Promise.all(removed.splice(0).map((id) => server().client.remove(id)));
    });
    expect(seen).toEqual(ids.toReversed());
  });

  it('filters by state, several of them, label and all of it together', async () => {
    const { client } = server();
    const mark = { labels: { kind: 'filter', 'a.b/c-d_1': 'ü & % =' } };
    const [good, bad, gone] = await Promise.all([
      client.run({ command: 'true', ...mark }),
      client.run({ command: 'false', ...mark }),
      client.run({ command: 'sleep 1000', labels: { kind: 'filter' } }),
    ]);
    await client.cancel(gone);
    await client.waitForState(good, ['succeeded']);
    await client.waitForState(bad, ['failed']);
    const list = async (query: string): Promise<Set<string>> => new Set((await client.list(query)).job_ids);
    expect(await list('label=kind=filter')).toEqual(new Set([good, bad, gone]));
    expect(await list('label=kind=filter&state=failed')).toEqual(new Set([bad]));
    expect(await list('label=kind=filter&state=failed&state=cancelled')).toEqual(new Set([bad, gone]));
    expect(await list('label=kind=filter&label=kind=other')).toEqual(new Set());
    expect(await list('label=kind=filter&state=queued')).toEqual(new Set());
    const { owner } = await client.info(good);
    expect(await list(`label=kind=filter&user=${owner}`)).toEqual(new Set([good, bad, gone]));
  });

  it('filters by the time of creation, both ends apart', async () => {
    const { client } = server();
    const [first = '', second = '', third = ''] = await add(3, { kind: 'time' });
    const { created_at } = await client.info(second);
    const time = encodeURIComponent(created_at);
    const before = (await client.list(`label=kind=time&created_before=${time}`)).job_ids;
    const after = (await client.list(`label=kind=time&created_after=${time}`)).job_ids;
    for (const ids of [before, after]) expect(ids).not.toContain(second);
    // Jobs of the same millisecond are in neither.
    expect([first]).toEqual(expect.arrayContaining([...before]));
    expect([third]).toEqual(expect.arrayContaining([...after]));
    const all = await client.list('label=kind=time&created_after=2020-01-01T00:00:00Z');
    expect(all.job_ids).toEqual([third, second, first]);
    const none = await client.list('created_before=2020-01-01T00:00:00%2B02:00');
    expect(none).toEqual({ job_ids: [], next_page_token: null });
  });

  it('keeps deleted jobs out', async () => {
    const [id = ''] = await add(1, { kind: 'deleted' });
    await server().client.remove(id);
    expect((await server().client.list('label=kind=deleted')).job_ids).toEqual([]);
  });

  it.each([
    ['colour=red', 'colour'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['state=done', 'state'],
    ['created_after=yesterday', 'created_after'],
    ['created_before=2024-13-01T00:00:00Z', 'created_before'],
    ['label=novalue', 'label'],
    ['page_token=rubbish', 'page_token'],
    [`page_token=${NOBODYS_ID}&page_token=${NOBODYS_ID}`, 'page_token'],
  ])('answers 400 to %s', async (query, word) => {
    expectError(await server().client.call('GET', `/list_jobs?${query}`), 400, word);
  });

  it("answers 403 to a filter on somebody else's jobs", async () => {
    expectError(await server().client.call('GET', '/list_jobs?user=somebody-else'), 403);
  });
});
