import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { type JobClient, type State } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { nothingAliveWith, noWorkingDirectoryIn } from '../support/marked-jobs.js';
import { startServer, type TestServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { filesBelow } from '../support/stored-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const KILLS = Number(process.env.RESTART_KILLS ?? 10);
const AT_ONCE = 50;
const JOBS = 550;

/** What the jobs of a test do outside of the service, and how the test steers them. */
class Yard {
  private constructor(readonly directory: string) {}

  static async make(): Promise<Yard> {
    const yard = new Yard(await temporaryDirectory());
    await mkdir(join(yard.directory, 'locks'));
    await writeFile(join(yard.directory, 'log'), '');
    execFileSync('mkfifo', [join(yard.directory, 'gate')]);
    return yard;
  }

  /**
   * A job that says when two runs of it live at once, by a lock that the kernel frees when all of a run is
   * dead; that waits, without burning time, until the gate is open; and that then answers.
   */
  command(index: number): string {
    return `
      exec 9> ${this.directory}/locks/${index}
      flock -n 9 || echo "overlap ${index}" >> ${this.directory}/log
      echo "start ${index}" >> ${this.directory}/log
      : < ${this.directory}/gate
      sleep 0.1
      echo "answer ${index}"`;
  }

  /** Lets all pass that wait and will come. */
  async open(): Promise<() => Promise<void>> {
    const gate = await open(join(this.directory, 'gate'), constants.O_RDWR);
    return () => gate.close();
  }

  async log(): Promise<string[]> {
    return (await readFile(join(this.directory, 'log'), 'utf8')).split('\n').filter(Boolean);
  }
}

async function countIn(client: JobClient, state: State): Promise<number> {
  return (await client.list(`state=${state}&limit=1000`)).job_ids.length;
}

async function submitAll(client: JobClient, yard: Yard): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < JOBS; index += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, offset) => client.run(yard.command(index + offset)));
    ids.push(...(await Promise.all(batch)));
  }
  return ids;
}

describeOnDatabases('kill -9 of the server', (database) => {
  it(`${KILLS} times over with ${AT_ONCE} jobs running and ${JOBS - AT_ONCE} waiting loses none and doubles none`, async () => {
    const dataDir = await temporaryDirectory();
    const yard = await Yard.make();
    const env = { AGENT_CONCURRENCY: String(AT_ONCE), DATABASE_URL: (await database.create()).url };
    let server = await startServer({ dataDir, env });
    const ids = await submitAll(server.client, yard);

    let close: (() => Promise<void>) | undefined;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      // The first half dies while all wait at the gate, the second in the midst of endings and answers.
      if (kill <= KILLS / 2) await allRunning(server.client);
      else close ??= await yard.open();
      if (close) await someMoreDone(server.client, kill - KILLS / 2);
      await server.kill();
      server = await startServer({ dataDir, env });
    }
    close ??= await yard.open();
    await eventually(
      async () => {
        expect(await countIn(server.client, 'succeeded')).toBe(JOBS);
      },
      { withinMs: 120_000, everyMs: 200 },
    );
    await close();

    await everyAnswerIsRight(server, ids);
    expect((await yard.log()).filter((line) => line.startsWith('overlap'))).toEqual([]);
    await nothingAliveWith(yard.directory);
    await noWorkingDirectoryIn(dataDir);
    await server.end();
  }, 900_000);
});

async function allRunning(client: JobClient): Promise<void> {
  await eventually(
    async () => {
      expect(await countIn(client, 'running')).toBe(AT_ONCE);
      expect(await countIn(client, 'queued')).toBe(JOBS - AT_ONCE);
    },
    { withinMs: 60_000, everyMs: 50 },
  );
}

/** By the `n`th kill with an open gate, at least n in twelve of the jobs are done. */
async function someMoreDone(client: JobClient, n: number): Promise<void> {
  await eventually(
    async () => {
      expect(await countIn(client, 'succeeded')).toBeGreaterThanOrEqual((JOBS * n) / 12);
    },
    { withinMs: 60_000, everyMs: 20 },
  );
}

/** One right answer each, and no stored file that belongs to no job. */
async function everyAnswerIsRight({ client, dataDir }: TestServer, ids: readonly string[]): Promise<void> {
  const owned: string[] = [];
  for (const [index, id] of ids.entries()) {
    const { answer_id, stderr_id, exit_code } = await client.info(id);
    expect(exit_code).toBe(0);
    expect((await client.download(String(answer_id))).toString()).toBe(`answer ${index}\n`);
    owned.push(...[answer_id, stderr_id].filter((file) => file !== null));
  }
  expect(new Set(owned).size).toBe(owned.length);
  const strangers = async (): Promise<string[]> =>
    (await filesBelow(join(dataDir, 'files'))).filter((path) => !owned.some((id) => path.includes(id)));
  await eventually(async () => {
    expect(await strangers()).toEqual([]);
  });
}
