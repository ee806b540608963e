import { expect, it } from '@jest/globals';
import { startServer } from '../support/server.js';
import { eventually } from '../support/eventually.js';
import { describeOnDatabases } from '../support/services.js';

const CONNECTIONS = 32;
const BEFORE_KILL = 300;

describeOnDatabases('Accepted jobs', (kind) => {
  it('are all there after the server was killed while it accepted more', async () => {
    const { url } = await kind.create();
    const server = await startServer({ env: { DATABASE_URL: url, AGENT_CONCURRENCY: '0' } });
    const accepted: string[] = [];
    const caller = async (): Promise<void> => {
      for (;;) accepted.push(await server.client.run({ command: 'true' }));
    };
    const callers = Array.from({ length: CONNECTIONS }, () => caller().catch(() => undefined));
    await eventually(() => {
      expect(accepted.length).toBeGreaterThan(BEFORE_KILL);
    });
    await server.kill();
    await Promise.all(callers);
    await server.restart();
    const kept: string[] = [];
    for (let token: string | null = ''; token !== null;) {
      const page = await server.client.list(`limit=1000${token === '' ? '' : `&page_token=${token}`}`);
      kept.push(...page.job_ids);
      token = page.next_page_token;
    }
    expect(accepted.filter((id) => !kept.includes(id))).toEqual([]);
    // What each caller waited for when the server died may have been accepted as well.
    expect(kept.length - accepted.length).toBeLessThanOrEqual(CONNECTIONS);
  });
});
