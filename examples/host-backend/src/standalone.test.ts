import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const PACKAGE = join('node_modules', 'nest-job-manager');
const PROGRAM = join('node_modules', '.bin', 'nest-job-manager');

/** The server as it was installed, not below a host: its address, and what it has logged until then. */
async function started(dataDir: string): Promise<{ child: ChildProcess; url: string; log: string }> {
  const env = { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0' };
  const child = spawn(PROGRAM, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const { url } = JSON.parse(line) as { url?: string };
    if (url !== undefined) {
      child.stdout.resume();
      return { child, url, log: lines.join('\n') };
    }
  }
  throw new Error(`the server ended at its start: ${lines.join('\n')}`);
}

async function runsAJob(expected: RegExp): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'standalone-'));
  const { child, url, log } = await started(dataDir);
  try {
    assert.match(log, expected);
    const body = JSON.stringify({ command: 'uname -a | wc -l' });
    const job = await fetch(`${url}/run`, { method: 'POST', headers: { prefer: 'wait=30' }, body });
    const { state, answer_id: answer } = (await job.json()) as { state: string; answer_id: string };
    assert.equal(state, 'succeeded');
    assert.equal((await (await fetch(`${url}/files/${answer}/data`)).text()).trim(), '1');
    for (const path of ['/docs/', '/docs-json', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']) {
      assert.equal((await fetch(url + path)).status, 200, path);
    }
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    await rm(dataDir, { recursive: true });
  }
}

test('the installed server runs jobs and shows its API', () => runsAJob(/launcher/));

test('it does where there was no compiler when it was installed', async () => {
  const [built, hidden] = [join(PACKAGE, 'native', 'build'), join(PACKAGE, 'native', 'hidden')];
  await rename(built, hidden);
  try {
    await runsAJob(/launcher in Node/);
  } finally {
    await rename(hidden, built);
  }
});
