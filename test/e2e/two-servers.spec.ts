import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { startServer, useServer } from '../support/server.js';
import { filesBelow } from '../support/stored-files.js';

describe('a server that has another as its data manager', () => {
  const keeper = useServer(() => ({ env: { AGENT_CONCURRENCY: '0' } }));
  const runner = useServer(() => ({ env: { DATA_MANAGER_URL: keeper().url } }));

  it('runs a job with files of the other, and leaves the answer there', async () => {
    const files = [await keeper().client.upload('one\n'), await keeper().client.upload('two\n')];
    const binary = await keeper().client.upload('#!/bin/sh\ncat "$@"; echo three > made\n');
    const jobId = await runner().client.run({
      command: '"$BINARY" $INPUT_FILES',
      binary,
      input_files: files,
      output_files: ['made'],
    });
    const { answer_id, outputs } = await runner().client.waitForState(jobId, ['succeeded']);
    expect((await keeper().client.download(String(answer_id))).toString()).toBe('one\ntwo\n');
    expect((await keeper().client.download(String(outputs[0]?.file_id))).toString()).toBe('three\n');
    expect(await filesBelow(join(runner().dataDir, 'files'))).toEqual([]);

    await runner().client.remove(jobId);
    expectError(await keeper().client.call('GET', `/files/${String(answer_id)}/data`), 404);
    expect((await keeper().client.download(binary)).toString()).toContain('cat');
  });

  it('refuses a file that the other does not hold', async () => {
    const json = { command: 'true', input_files: [NOBODYS_ID] };
    expectError(await runner().client.call('POST', '/run', { json }), 400, NOBODYS_ID);
  });

  it('accepts a job while the other is away, and runs it when the other is back', async () => {
    const keeperDataDir = keeper().dataDir;
    const input = await keeper().client.upload('kept\n');
    const port = new URL(keeper().url).port;
    await keeper().stop();
    const jobId = await runner().client.run({ command: 'cat "$INPUT_1"', input_files: [input] });
    const back = await startServer({ dataDir: keeperDataDir, env: { PORT: port, AGENT_CONCURRENCY: '0' } });
    const { answer_id } = await runner().client.waitForState(jobId, ['succeeded'], { withinMs: 60_000 });
    expect((await back.client.download(String(answer_id))).toString()).toBe('kept\n');
    await back.end();
  });
});
