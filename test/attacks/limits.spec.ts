import { describe, expect, it } from '@jest/globals';
import { execPath } from 'node:process';
import { expectError } from '../support/answers.js';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { noWorkingDirectoryIn } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';

const MIB = 1_048_576;
const MAX_OUTPUT_BYTES = MIB;
const MAX_OPEN_FILES = 128;

interface Attack {
  readonly name: string;
  /** Bounded: without its limit it ends by itself, with success, and does no harm. */
  readonly command: string;
  readonly limits: Readonly<Record<string, number>>;
  /** What the reason must name. */
  readonly named: string;
}

/** A program of a few lines. */
function node(script: string): string {
  return `'${execPath}' -e '${script}'`;
}

const SPIN = 'const end = Date.now() + 4000; while (Date.now() < end);';

const ATTACKS: readonly Attack[] = [
  {
    name: 'a fork bomb that never gives up',
    command: 'i=0; while [ $i -lt 400 ]; do (sleep 3 &) 2>/dev/null; i=$((i+1)); done; sleep 3; exit 0',
    limits: { pids: 20 },
    named: 'limits.pids',
  },
  {
    name: 'a memory bomb',
    command: node('const all = []; for (let i = 0; i < 30; i += 1) all.push(Buffer.alloc(10485760, 1));'),
    limits: { memory_bytes: 100 * MIB },
    named: 'limits.memory_bytes',
  },
  {
    name: 'a memory bomb of many small ones',
    command: 'for i in 1 2 3 4 5 6 7 8; do head -c 20M /dev/zero | tail -c 20M | wc -c & done; wait; exit 0',
    limits: { memory_bytes: 40 * MIB },
    named: 'limits.memory_bytes',
  },
  {
    name: 'a disk bomb of one file',
    command: 'head -c 60M /dev/zero >bomb',
    limits: { disk_bytes: 5 * MIB },
    named: 'limits.disk_bytes',
  },
  {
    name: 'a disk bomb of many files',
    command: 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); head -c 20000 /dev/zero >$i; done',
    limits: { disk_bytes: 5 * MIB },
    named: 'limits.disk_bytes',
  },
  {
    name: 'a disk bomb of many empty files',
    command: 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); : >$i; done',
    limits: { disk_bytes: MIB },
    named: 'limits.disk_bytes',
  },
  {
    name: 'a sparse file',
    command: 'truncate -s 10G sparse',
    limits: { disk_bytes: 5 * MIB },
    named: 'limits.disk_bytes',
  },
  {
    name: 'an output bomb',
    command: 'head -c 20M /dev/zero',
    limits: {},
    named: 'MAX_OUTPUT_BYTES',
  },
  {
    name: 'a bomb of open files',
    command: node('for (let i = 0; i < 400; i += 1) require("fs").openSync("/dev/null");'),
    limits: {},
    named: 'MAX_OPEN_FILES',
  },
  { name: 'a spin', command: node(SPIN), limits: { cpu_seconds: 1 }, named: 'limits.cpu_seconds' },
  {
    name: 'a spin of many',
    command: `for i in 1 2 3; do ${node(SPIN)} & done; wait; exit 0`,
    limits: { cpu_seconds: 1 },
    named: 'limits.cpu_seconds',
  },
];

describe.each(['native', 'node'])('with the launcher %s', (launcher) => {
  const server = useServer(() => ({
    env: {
      LAUNCHER: launcher,
      AGENT_CONCURRENCY: '2',
      MAX_OUTPUT_BYTES: String(MAX_OUTPUT_BYTES),
      MAX_OPEN_FILES: String(MAX_OPEN_FILES),
    },
  }));

  async function attacked({ command, limits }: Omit<Attack, 'name' | 'named'>): Promise<JobInfo> {
    const { client } = server();
    const jobId = await client.run({ command, limits, retry_on_failure: true, retries: 5 });
    // The service goes on meanwhile.
    expect(await client.answerOf('echo meanwhile')).toBe('meanwhile\n');
    return client.waitForState(jobId, ['failed']);
  }

  it.each(ATTACKS)('$name is ended by its own limit', async ({ named, ...attack }) => {
    const info = await attacked(attack);
    expect(info).toMatchObject({ state: 'failed', attempt: 1, reason: expect.stringContaining(named) });
    await noWorkingDirectoryIn(server().dataDir);
  });

  it('what was attacked before runs what keeps to its limits', async () => {
    const jobId = await server().client.run({
      command: 'head -c 100K /dev/zero >f; sleep 0.1 & wait; echo well',
      limits: { cpu_seconds: 5, memory_bytes: 64 * MIB, pids: 5, disk_bytes: MIB, network: true },
    });
    const info = await server().client.waitForState(jobId, ['succeeded']);
    expect(info).toMatchObject({
      reason: null,
      limits: {
        cpu_seconds: 5,
        memory_bytes: 64 * MIB,
        pids: 5,
        disk_bytes: MIB,
        open_files: MAX_OPEN_FILES,
      },
      usage: { cpu_seconds: expect.any(Number), peak_memory_bytes: expect.any(Number) },
    });
    expect(info.usage?.written_bytes).toBeGreaterThanOrEqual(102_400);
  });

  it('leave is not taken away that nothing can take away', async () => {
    const json = { command: 'true', limits: { network: false } };
    const answer = await server().client.call('POST', '/run', { json });
    expectError(answer, 400);
    expect(JSON.stringify(answer.body)).toContain('limits.network');
  });

  it('the start says what can be enforced, and by what', async () => {
    await eventually(() => {
      expect(server().logs()).toMatch(/limits that can be enforced here: [a-z_, ]+; by: /);
    });
  });
});

// Without this an attack that can't work at all would count as ended by its limit.
describe('without its limit', () => {
  const server = useServer(() => ({ env: { AGENT_CONCURRENCY: '2' } }));

  it.each(ATTACKS)('$name succeeds', async ({ command }) => {
    const { client } = server();
    const info = await client.waitForState(await client.run(command), ['succeeded', 'failed']);
    expect(info).toMatchObject({ state: 'succeeded', reason: null });
  });
});
