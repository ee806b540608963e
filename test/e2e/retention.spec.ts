import { describe, expect, it } from '@jest/globals';
import Sqlite from 'libsql';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { openJobStore } from '../support/job-store.js';
import { startServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

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
  });
});

describe('A server where uploads have a ttl', () => {
  it('forgets those that say nothing else, large and small, and keeps results', async () => {
    const dataDir = await temporaryDirectory();
    const env = { UPLOAD_TTL_SECONDS: '2' };
    const { client } = await startServer({ dataDir, env });
    const body = new FormData();
    body.append('file', new Blob(['lasting']), 'lasting');
    body.append('metadata', JSON.stringify({ ttl: 3_600 }));
    const { id: lasting } = (await client.call('POST', '/files', { body })).body as { id: string };
    const passing = [await client.upload('small'), await client.upload(Buffer.alloc(100_000))];
    const job = await client.run({
      command: 'wc -c $INPUT_1; head -c 100000 /dev/zero >out',
      input_files: [passing[1]],
      output_files: ['out'],
    });
    const { answer_id: answer, outputs } = await client.waitForState(job, ['succeeded']);
    await eventually(async () => {
      for (const id of passing) expectError(await client.call('GET', `/files/${id}/info`), 404);
    });
    for (const id of [lasting, String(answer), String(outputs[0]?.file_id)])
      expect((await client.call('GET', `/files/${id}/info`)).status).toBe(200);
  });
});

describe('A server of strangers where uploads have a ttl', () => {
  it('takes nobody for an agent who says so', async () => {
    const users = keyHolders({ mallory: 'user' });
    const { url } = await startServer({ env: { ...users.env, UPLOAD_TTL_SECONDS: '1' } });
    const lease = `${NOBODYS_ID}/1/${NOBODYS_ID}`;
    const mallory = new JobClient(url, { ...users.as('mallory'), 'x-job-lease': lease });
    const id = await mallory.upload('to stay');
    await eventually(async () => {
      expectError(await mallory.call('GET', `/files/${id}/info`), 404);
    });
  });
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
