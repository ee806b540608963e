import { expect, it } from '@jest/globals';
import { type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';

const KILLS = 5;
const KEYS = 200;
const CALLERS_OF_EACH = 3;
/** Of a round, so many are answered before the server dies amid the others. */
const ANSWERED = 100;

describeOnDatabases('Requests that are repeated under their keys', (database) => {
  it('are one job each, however often the server is killed before it can answer', async () => {
    const server = await startServer({ database, env: { AGENT_CONCURRENCY: '0' } });
    const told = new Map<string, Set<string>>();
    const send = async (client: JobClient, key: string): Promise<void> => {
      const call = { json: { command: 'true', labels: { key } }, headers: { 'idempotency-key': key } };
      const { status, body } = await client.call('POST', '/run', call);
      expect(status).toBe(201);
      told.set(key, (told.get(key) ?? new Set()).add((body as { job_id: string }).job_id));
    };
    const keys: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const fresh = Array.from({ length: KEYS }, (_, n) => `${kill}-${n}`);
      keys.push(...fresh);
      const before = told.size;
      const { client } = server;
      const calls = fresh.flatMap((key) => Array.from({ length: CALLERS_OF_EACH }, () => send(client, key)));
      const all = Promise.allSettled(calls);
      await eventually(() => {
        expect(told.size - before).toBeGreaterThan(ANSWERED);
      });
      await server.kill();
      await all;
      await server.restart();
    }
    for (const key of keys) await send(server.client, key);
    expect([...told.values()].filter((ids) => ids.size !== 1)).toEqual([]);
    const stored: string[] = [];
    for (let token: string | null = ''; token !== null;) {
      const page = await server.client.list(`limit=1000${token === '' ? '' : `&page_token=${token}`}`);
      stored.push(...page.job_ids);
      token = page.next_page_token;
    }
    expect(new Set(stored)).toEqual(new Set([...told.values()].flatMap((ids) => [...ids])));
    expect(stored).toHaveLength(keys.length);
  });
});
