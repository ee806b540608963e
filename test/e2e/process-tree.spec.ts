import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { expectError } from '../support/answers.js';
import { eventually } from '../support/eventually.js';
import { nothingAliveWith, noWorkingDirectoryIn, uniqueSleep } from '../support/marked-jobs.js';
import { processesWith } from '../support/processes.js';
import { type TestServer, useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const CHILDREN = 50;
const GRACE_SECONDS = 2;

/**
 * A job that does not want to die: it and all of its tree ignore SIGTERM, some have left its session, its
 * parent, its environment and its directory, and the directory does not want to be removed either.
 */
function stubbornTree(seconds: string): string {
  return `
    mkdir -p a/b; touch a/b/c; chmod 000 a/b a
    trap '' TERM
    setsid sleep ${seconds} &
    (setsid sh -c 'trap "" TERM; (sleep ${seconds} &); sleep ${seconds}' &)
    ( (cd /; env -i setsid sleep ${seconds} </dev/null >/dev/null 2>&1 &) & )
    i=0; while [ $i -lt ${CHILDREN} ]; do sleep ${seconds} & i=$((i + 1)); done
    while :; do wait; sleep ${seconds}; done`;
}

describeOnDatabases('the process tree of a job', (database) => {
  const server = useServer(() => ({
    database,
    env: { AGENT_CONCURRENCY: '4', KILL_GRACE_SECONDS: String(GRACE_SECONDS) },
  }));

  async function growing(seconds: string, ttl?: number): Promise<string> {
    const request = { command: stubbornTree(seconds), ...(ttl === undefined ? {} : { ttl }) };
    const jobId = await server().client.run(request);
    await eventually(async () => {
      // The children, the four that went astray, and the shells, whose command line has the number too.
      expect((await processesWith(seconds)).length).toBeGreaterThanOrEqual(CHILDREN + 4);
    });
    return jobId;
  }

  it.each([
    ['cancel', (to: TestServer, id: string) => to.client.cancel(id)],
    ['delete', (to: TestServer, id: string) => to.client.remove(id)],
  ])('is gone after %s, which does not wait for it', async (_name, end) => {
    const seconds = uniqueSleep();
    const jobId = await growing(seconds);
    await end(server(), jobId);
    // Answered within the grace, in which all of them live on.
    expect((await processesWith(seconds)).length).toBeGreaterThanOrEqual(CHILDREN);
    await nothingAliveWith(seconds, { withinMs: GRACE_SECONDS * 1_000 + 10_000 });
    await noWorkingDirectoryIn(server().dataDir);
  });

  it('is gone after the expiry', async () => {
    const seconds = uniqueSleep();
    const jobId = await growing(seconds, 2);
    await eventually(async () => {
      expectError(await server().client.call('GET', `/job_info/${jobId}`), 410);
    });
    await nothingAliveWith(seconds, { withinMs: GRACE_SECONDS * 1_000 + 10_000 });
    await noWorkingDirectoryIn(server().dataDir);
  });

  it('is told first, by SIGTERM, also where it left the session', async () => {
    const log = join(await temporaryDirectory(), 'log');
    const polite = (name: string): string =>
      `trap "echo ${name} >> ${log}; exit" TERM; echo up >> ${log}; while :; do sleep 0.1; done`;
    const jobId = await server().client.run(`setsid sh -c '${polite('child')}' & ${polite('shell')}`);
    await eventually(async () => {
      expect(await readFile(log, 'utf8')).toBe('up\nup\n');
    });
    await server().client.cancel(jobId);
    await eventually(async () => {
      expect((await readFile(log, 'utf8')).split('\n').sort()).toEqual(['', 'child', 'shell', 'up', 'up']);
    });
    await noWorkingDirectoryIn(server().dataDir);
  });

  it('that forks without end is gone too', async () => {
    const seconds = uniqueSleep();
    const loop = `while :; do (setsid sleep ${seconds} &); sleep 0.02; done`;
    const jobId = await server().client.run(`trap '' TERM; (setsid sh -c '${loop}' &); ${loop}`);
    await eventually(async () => {
      expect((await processesWith(seconds)).length).toBeGreaterThan(5);
    });
    await server().client.cancel(jobId);
    await nothingAliveWith(seconds);
  });
});
