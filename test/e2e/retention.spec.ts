import { expect, it } from '@jest/globals';
import Sqlite from 'libsql';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError } from '../support/answers.js';
import { eventually } from '../support/eventually.js';
import { openJobStore } from '../support/job-store.js';
import { startServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const JOBS = 60;
const TABLES = ['jobs', 'job_labels', 'webhooks'];

describeOnDatabases('A server that keeps finished jobs for a while', (database) => {
  it('forgets them with all that they left, those from before the setting too, and nothing else', async () => {
    const [dataDir, { url }] = await Promise.all([temporaryDirectory(), database.create()]);
    const env = { DATABASE_URL: url, KILL_GRACE_SECONDS: '0', WEBHOOK_ALLOW_PRIVATE: 'true' };
    const before = await startServer({ dataDir, env });
    const old = await before.client.run({ command: 'echo old', labels: { age: 'old' } });
    await before.client.waitForState(old, ['succeeded']);
    await before.end();

    const limits = { RETENTION_SECONDS: '3', TOMBSTONE_DAYS: '0', AGENT_CONCURRENCY: '4' };
    const server = await startServer({ dataDir, env: { ...env, ...limits } });
    const { client } = server;
    const input = await client.upload('kept');
    const ids: string[] = [];
    for (let n = 0; n < JOBS; n += 1) {
      const large = n % 10 === 0 ? '; head -c 100000 /dev/zero' : '';
      const ends = ['exit 0', 'exit 1', 'exit 0'][n % 3] ?? '';
      const webhook = n % 7 === 0 ? { webhook: 'http://127.0.0.1:1/' } : {};
      ids.push(
        await client.run({ command: `echo ${n}${large}; ${ends}`, labels: { n: String(n) }, ...webhook }),
      );
    }
    const [first = ''] = ids;
    const info = await client.waitForState(first, ['succeeded']);
    expect(Date.parse(String(info.expires_at)) - Date.parse(String(info.finished_at))).toBe(3_000);
    expect(info.ttl).toBeNull();
    const waiting = await client.run({ command: 'true', requires: ['nobody'] });
    const running = await client.run('exec sleep 1000');

    const store = await openJobStore(url);
    const count = async (table: string): Promise<number> => {
      const rows = await store.source.query<{ n: string }[]>(
        `SELECT COUNT(*) AS n FROM job_manager_${table}`,
      );
      return Number(rows[0]?.n ?? -1);
    };
    await eventually(
      async () => {
        // Two that have not ended, and nothing of all others: no row, no label, no webhook, no file.
        expect(await Promise.all(TABLES.map(count))).toEqual([2, 0, 0]);
        expect(await storedIn(dataDir)).toEqual([input]);
      },
      { withinMs: 60_000, everyMs: 250 },
    );
    await store.source.destroy();
    for (const id of [old, first]) expectError(await client.call('GET', `/job_info/${id}`), 404);
    expect((await client.info(waiting)).state).toBe('queued');
    expect((await client.info(running)).state).toBe('running');
    await client.cancel(running);
    await server.end();
  }, 120_000);
});

/** Ids of all files, in either place. */
async function storedIn(dataDir: string): Promise<string[]> {
  const files = join(dataDir, 'files');
  const small = new Sqlite(join(files, 'small.db'), { readonly: true });
  const rows = small.prepare('SELECT id FROM files').all([]) as { id: string }[];
  small.close();
  const names = await readdir(join(files, 'by-id'), { recursive: true, withFileTypes: true });
  const large = names.filter((entry) => entry.isFile()).map(({ name }) => name.replace(/\.json$/, ''));
  return [...new Set([...rows.map(({ id }) => id), ...large])].sort();
}
