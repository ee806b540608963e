import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { cgroupsOf } from '../../src/execution/runner/cgroups.js';
import { endLeftovers } from '../../src/execution/runner/leftovers.js';
import { type LimitName } from '../../src/execution/limits.port.js';
import { type LaunchRequest } from '../../src/execution/runner/launcher.js';
import { eventually } from '../support/eventually.js';
import { aliveWith, describeOnLaunchers, LauncherBench, uniqueSeconds } from './launcher.support.js';

const MIB = 1_048_576;
/** Ends by itself, should its limit not hold. */
const SPIN =
  'end=$(($(date +%s) + 8)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done';
const MEMORY_200_MIB = 'head -c 200M /dev/zero | tail -c 200M | wc -c';

type Limits = LaunchRequest['limits'];

await describeOnLaunchers((kind) => {
  let bench: LauncherBench;
  let enforces: readonly LimitName[];

  beforeAll(async () => {
    bench = await LauncherBench.start(kind);
    ({ enforces } = await bench.launcher.start());
  });

  describe('a command that is limited', () => {
    it('begins under the least of disk', async () => {
      expect(await bench.run('echo fine', { limits: { diskBytes: 4_096 } })).toMatchObject({
        exitCode: 0,
        limitMet: null,
      });
    });

    it('is refused a limit beyond what its host allows, with the reason', async () => {
      const beyond = bench.run('echo x', { limits: { openFiles: 1e12 } });
      await expect(beyond).rejects.toThrow(/^(?=.*could not be started)(?=.*(limit|permitted|greater))/i);
    });

    it.each<[LimitName, string, string, Limits]>([
      ['memoryBytes', 'is out of memory', MEMORY_200_MIB, { memoryBytes: 32 * MIB }],
      [
        'memoryBytes',
        'is out of memory, though its shell goes on',
        `${MEMORY_200_MIB}; sleep 8; exit 0`,
        { memoryBytes: 32 * MIB },
      ],
      ['cpuSeconds', 'spins', SPIN, { cpuSeconds: 1 }],
      ['cpuSeconds', 'has many that spin', `for i in 1 2 3; do (${SPIN}) & done; wait`, { cpuSeconds: 1 }],
      ['pids', 'can not fork', 'for i in $(seq 30); do sleep 5 & done; wait', { pids: 4 }],
      ['diskBytes', 'fills a file', 'head -c 40M /dev/zero >f', { diskBytes: MIB }],
      [
        'diskBytes',
        'fills a file, and says it is well',
        'head -c 40M /dev/zero >f; true',
        { diskBytes: MIB },
      ],
      ['diskBytes', 'makes a large file of nothing', 'truncate -s 10G f', { diskBytes: MIB }],
      [
        'diskBytes',
        'fills many files',
        'mkdir d; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); head -c 20000 /dev/zero >d/$i; done',
        { diskBytes: MIB },
      ],
      ['diskBytes', 'filled two files quickly', 'head -c 600K /dev/zero | tee a >b', { diskBytes: MIB }],
      [
        'openFiles',
        'opens too many files',
        `bash -c 'i=0; while [ $i -lt 500 ]; do exec {fd}</dev/null || exit 1; i=$((i+1)); done'`,
        { openFiles: 64 },
      ],
    ])('meets %s where it %s', async (limit, _what, command, limits) => {
      if (!enforces.includes(limit)) return;
      const begun = performance.now();
      const end = await bench.run(command, { limits });
      expect(end).toMatchObject({ limitMet: limit });
      expect(performance.now() - begun).toBeLessThan(7_000);
    });

    it.each<[LimitName, string, Limits]>([
      ['memoryBytes', 'head -c 8M /dev/zero | tail -c 8M | wc -c', { memoryBytes: 64 * MIB }],
      ['cpuSeconds', 'true', { cpuSeconds: 1 }],
      ['pids', 'sleep 0.01 & sleep 0.01 & wait', { pids: 3 }],
      ['diskBytes', 'head -c 500K /dev/zero >f', { diskBytes: MIB }],
      ['openFiles', 'true 3</dev/null', { openFiles: 64 }],
    ])('meets no %s that it keeps to', async (limit, command, limits) => {
      if (!enforces.includes(limit)) return;
      expect(await bench.run(command, { limits })).toMatchObject({ exitCode: 0, limitMet: null });
    });

    it('fails of its own where it meets none', async () => {
      const limits = { diskBytes: MIB, openFiles: 64 };
      expect(await bench.run('exit 3', { limits })).toMatchObject({ exitCode: 3, limitMet: null });
    });

    it('leaves nothing of it to the next one in its place', async () => {
      if (!enforces.includes('memoryBytes')) return;
      await bench.run(MEMORY_200_MIB, { limits: { memoryBytes: 32 * MIB, pids: 5 } });
      const forks = 'for i in 1 2 3 4 5 6 7 8; do sleep 0.01 & done; wait';
      const end = await bench.run(`${forks}; ulimit -f; ${MEMORY_200_MIB}`);
      expect(end).toMatchObject({ exitCode: 0, limitMet: null });
      expect(end.stdout.toString()).toBe(`unlimited\n${200 * MIB}\n`);
    });

    it('dumps no core, limited or not', async () => {
      expect((await bench.run('ulimit -c')).stdout.toString()).toBe('0\n');
    });
  });

  describe('what a command used', () => {
    it('is told of its whole tree, and of it alone', async () => {
      if (!enforces.includes('cpuSeconds')) return;
      const work = 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done';
      const end = await bench.run(`(${work}) & (${work}) & wait; ${MEMORY_200_MIB}`);
      expect(end.usage.cpuSeconds).toBeGreaterThan(0.05);
      expect(end.usage.peakMemoryBytes).toBeGreaterThan(190 * MIB);
      const { usage } = await bench.run('true');
      expect(usage.cpuSeconds).toBeLessThan((end.usage.cpuSeconds ?? 0) / 2);
      expect(usage.peakMemoryBytes).toBeLessThan(20 * MIB);
      expect(usage.peakMemoryBytes).toBeGreaterThan(0);
    });

    it('is what it wrote, to whatever', async () => {
      const command = 'head -c 1M /dev/zero >f; head -c 1M /dev/zero | cat >/dev/null';
      const environment = { PATH: process.env.PATH ?? '', LARGE: 'x'.repeat(100_000) };
      const { usage } = await bench.run(command, { environment });
      expect(usage.writtenBytes).toBeGreaterThanOrEqual(3 * MIB);
      // What makes a sandbox writes a little, too.
      expect(usage.writtenBytes).toBeLessThan(3 * MIB + 4_096);
    });
  });
});

describe('the cgroups of a launcher', () => {
  it('are gone when it is, and after a sweep where it was killed', async () => {
    const bench = await LauncherBench.start({ program: 'node-perl', containment: 'marker', sandbox: 'none' });
    const { enforces } = await bench.launcher.start();
    if (!enforces.includes('pids')) return;
    const seconds = uniqueSeconds();
    const running = await bench.launch(`sleep ${seconds}`);
    await eventually(() => {
      expect(aliveWith(seconds)).not.toEqual([]);
    });
    const groups = cgroupsOf(bench.instance);
    expect(groups.length).toBeGreaterThan(0);
    process.kill(bench.launcher.pid ?? 0, 'SIGKILL');
    await expect(running.ended).rejects.toThrow('died');
    await endLeftovers(bench.instance);
    expect(groups.filter((group) => existsSync(group))).toEqual([]);
    await bench.launcher.close();
    expect(cgroupsOf(bench.instance)).toEqual([]);
  });
});
