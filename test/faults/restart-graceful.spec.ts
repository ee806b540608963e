import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { nothingAliveWith, noWorkingDirectoryIn } from '../support/marked-jobs.js';
import { startServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describeOnDatabases('SIGTERM', (database) => {
  it('lets a job end in the time that is set', async () => {
    const dataDir = await temporaryDirectory();
    const outside = await temporaryDirectory();
    const gate = join(outside, 'gate');
    const env = { SHUTDOWN_GRACE_SECONDS: '30', DATABASE_URL: (await database.create()).url };
    const first = await startServer({ dataDir, env });
    const jobId = await first.client.run(`until [ -e ${gate} ]; do sleep 0.05; done; echo in time`);
    await first.client.waitForState(jobId, ['running']);
    const stopped = first.stop();
    await writeFile(gate, '');
    await stopped;
    const second = await startServer({ dataDir, env });
    const info = await second.client.info(jobId);
    expect(info).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect((await second.client.download(String(info.answer_id))).toString()).toBe('in time\n');
    await second.stop();
  });

  it('gives back what has not ended by then, and the next start runs it', async () => {
    const dataDir = await temporaryDirectory();
    const outside = await temporaryDirectory();
    const [gate, log] = [join(outside, 'gate'), join(outside, 'log')];
    const env = {
      AGENT_CONCURRENCY: '3',
      SHUTDOWN_GRACE_SECONDS: '0',
      DATABASE_URL: (await database.create()).url,
    };
    const command = `echo start >> ${log}; until [ -e ${gate} ]; do sleep 0.05; done; echo second`;
    const first = await startServer({ dataDir, env });
    const ids = await Promise.all(Array.from({ length: 6 }, () => first.client.run(command)));
    await eventually(async () => {
      expect(await readFile(log, 'utf8')).toBe('start\n'.repeat(3));
    });
    await first.stop();
    await nothingAliveWith(outside);
    await noWorkingDirectoryIn(dataDir);

    await writeFile(gate, '');
    const second = await startServer({ dataDir, env });
    for (const id of ids) {
      const info = await second.client.waitForState(id, ['succeeded'], { withinMs: 30_000 });
      expect((await second.client.download(String(info.answer_id))).toString()).toBe('second\n');
    }
    expect(await readFile(log, 'utf8')).toBe('start\n'.repeat(9));
    await second.stop();
  });
});
