import { expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { createConnection } from 'mysql2/promise';
import { expectError } from '../support/answers.js';
import { startServer, type TestServer } from '../support/server.js';
import { type DatabaseKind, describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What `dump.js` has noted: ids by what became of them. */
type Left = Readonly<
  Record<
    | 'instanceId'
    | 'input'
    | 'succeeded'
    | 'failed'
    | 'cancelled'
    | 'deleted'
    | 'running'
    | 'staging'
    | 'lost'
    | 'queued',
    string
  >
>;

const SCHEMAS = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const textOf = (...path: string[]): string => readFileSync(join(import.meta.dirname, ...path), 'utf8');

function loadSqlite(path: string, sql: string): void {
  const database = new Sqlite(path);
  database.exec(sql);
  database.close();
}

async function loadMariaDb(url: string, sql: string): Promise<void> {
  const connection = await createConnection({ uri: url, multipleStatements: true });
  await connection.query(sql);
  await connection.end();
}

/** This release, on what another one has left. */
async function startOn(schema: string, database: DatabaseKind): Promise<{ server: TestServer; left: Left }> {
  const kind = database.name.toLowerCase();
  const left = JSON.parse(textOf(schema, `${kind}.json`)) as Left;
  const dataDir = await temporaryDirectory();
  const { url } = await database.create();
  const sql = textOf(schema, `${kind}.sql`);
  if (database.name === 'SQLite') loadSqlite(url.slice('sqlite:'.length), sql);
  else await loadMariaDb(url, sql);
  mkdirSync(join(dataDir, 'files'));
  loadSqlite(join(dataDir, 'files', 'small.db'), textOf(schema, `${kind}.files.sql`));
  writeFileSync(join(dataDir, 'instance-id'), `${left.instanceId}\n`);
  writeFileSync(join(dataDir, 'generation'), '1\n');
  // What it has left is years old, and not to be forgotten.
  const env = { DATABASE_URL: url, TOMBSTONE_DAYS: '36500' };
  return { server: await startServer({ dataDir, env }), left };
}

describeOnDatabases('an upgrade', (database) => {
  it.each(SCHEMAS)('from schema %s ends every job right', async (schema) => {
    const { server, left } = await startOn(schema, database);
    const { client } = server;
    const answerOf = async (jobId: string): Promise<string> => {
      const { answer_id } = await client.waitForState(jobId, ['succeeded']);
      return (await client.download(String(answer_id))).toString();
    };

    expect(await answerOf(left.succeeded)).toBe('input\n');
    expect(await client.info(left.failed)).toMatchObject({ state: 'failed', exit_code: 3 });
    expect(await client.info(left.cancelled)).toMatchObject({ state: 'cancelled', answer_id: null });
    expectError(await client.call('GET', `/job_info/${left.deleted}`), 410);

    expect(await answerOf(left.queued)).toBe('input\n');
    for (const jobId of [left.running, left.staging]) {
      expect(await answerOf(jobId)).toBe('input\n');
      expect(await client.info(jobId)).toMatchObject({ attempt: 2 });
    }
    const lost = await client.waitForState(left.lost, ['failed']);
    expect(lost).toMatchObject({ attempt: 1, reason: expect.stringMatching(/lost|restarted|agent/i) });

    expect(new Set((await client.list('label=kind=held')).job_ids)).toEqual(
      new Set([left.running, left.staging]),
    );
    expect((await client.list('label=kind=old')).job_ids).toEqual([left.succeeded]);
    expect(await client.answerOf('echo new')).toBe('new\n');
  });
});
