import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { nothingAliveWith, noWorkingDirectoryIn, uniqueSleep } from '../support/marked-jobs.js';
import { processesWith } from '../support/processes.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
const BUBBLEWRAP = '/usr/bin/bwrap';
const IS_ROOT = process.getuid?.() === 0;

/** As on a host where bubblewrap can't be run. */
async function startWithoutBubblewrap(dataDir: string): Promise<string> {
  const script = `mount --bind /dev/null ${BUBBLEWRAP} && exec "$0" "$@"`;
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', SANDBOX: 'bubblewrap' };
  const words = ['--mount', '--propagation', 'private', '/bin/sh', '-c', script, process.execPath, MAIN];
  try {
    const { stdout } = await promisify(execFile)('unshare', words, { env, timeout: 20_000 });
    return `came up: ${stdout}`;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

function suite(launcher: string): void {
  const server = useServer(() => ({
    env: { SANDBOX: 'bubblewrap', LAUNCHER: launcher, AGENT_CONCURRENCY: '2', DEFAULT_TTL: '600' },
  }));

  it('is said at the start', () => {
    expect(server().logs()).toContain('sandbox: bubblewrap');
  });

  it('has binary, input files and output files as without one', async () => {
    const { client } = server();
    const binary = await client.upload('#!/bin/sh\ncat "$@"; echo out >result.txt', 'program');
    const inputs = [await client.upload('a', 'a'), await client.upload('b', 'b')];
    const job = {
      command: '"$BINARY" $INPUT_FILES; id -u >&2; echo "$MORE"; exit 0',
      binary,
      input_files: inputs,
      output_files: ['*.txt'],
      env: { MORE: 'of it', LD_PRELOAD: '/no/such/library.so' },
    };
    const jobId = await client.run(job);
    const { answer_id: answer, outputs } = await client.waitForState(jobId, ['succeeded']);
    expect((await client.download(answer ?? '')).toString()).toBe('abof it\n');
    expect(outputs.map(({ path }) => path)).toEqual(['result.txt']);
  });

  it('keeps the directory of one job from the next, and leaves none', async () => {
    const { client, dataDir } = server();
    await client.answerOf({ command: 'echo left >behind; mkdir -p a/b; chmod 0 a' });
    expect(await client.answerOf({ command: 'ls -A' })).toBe('');
    await noWorkingDirectoryIn(dataDir);
  });

  it('ends a job with a SIGTERM, and all of it after the grace', async () => {
    const { client } = server();
    const seconds = uniqueSleep();
    const jobId = await client.run({ command: `trap '' TERM; sleep ${seconds}; sleep ${seconds}` });
    await eventually(async () => {
      expect(await processesWith(seconds)).not.toEqual([]);
    });
    await client.cancel(jobId);
    await nothingAliveWith(seconds);
  });

  it('tells exit codes and signals', async () => {
    const { client } = server();
    const coded = await client.waitForState(await client.run({ command: 'exit 137' }), ['failed']);
    expect([coded.exit_code, coded.signal]).toEqual([137, null]);
    const signalled = await client.waitForState(await client.run({ command: 'kill -KILL $$' }), ['failed']);
    expect([signalled.exit_code, signalled.signal]).toEqual([null, 'SIGKILL']);
  });
}

if (existsSync(BUBBLEWRAP)) {
  describe.each(['native', 'node'])('a service with SANDBOX=bubblewrap, launcher: %s', suite);

  if (IS_ROOT)
    it('a service that can not have its sandbox does not start, and says why', async () => {
      const said = await startWithoutBubblewrap(await temporaryDirectory());
      expect(said).toContain('The sandbox bubblewrap does not work here');
      expect(said).toContain('/usr/bin/bwrap');
      expect(said).not.toContain('came up:');
    });
} else if (process.env.REQUIRE_SERVICES === '1') {
  it('a service with SANDBOX=bubblewrap', () => {
    throw new Error('bubblewrap is not installed');
  });
} else {
  it.todo('a service with SANDBOX=bubblewrap: bubblewrap is not installed');
}
