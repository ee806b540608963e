import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cgroupsOf } from '../../src/execution/runner/cgroups.js';
import {
  type LauncherInForce,
  LauncherLostError,
  LaunchFailedError,
} from '../../src/execution/runner/launcher.js';
import { endLeftovers } from '../../src/execution/runner/leftovers.js';
import { prefixOf } from '../../src/execution/runner/instance-names.js';
import { removeScratch } from '../../src/execution/runner/scratch.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { aliveWith, describeOnLaunchers, LauncherBench, uniqueSeconds } from './launcher.support.js';

const FIXTURE = fileURLToPath(new URL('./launcher.server.fixture.js', import.meta.url));

interface Server {
  readonly process: ChildProcess;
  readonly launcherPid: number;
}

async function startServer(instance: string, kind: LauncherInForce, seconds: string): Promise<Server> {
  const command = `PATH=/usr/bin:/bin; (env -i setsid sleep ${seconds} &); setsid sleep ${seconds} & trap "" TERM; sleep ${seconds}; sleep ${seconds}`;
  const args = [FIXTURE, instance, kind.program, kind.containment, await temporaryDirectory(), command, '10'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  atEndOfFile(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  await eventually(() => {
    expect(aliveWith(seconds).length).toBeGreaterThanOrEqual(20);
  });
  return { process: child, launcherPid: Number(line.toString()) };
}

await describeOnLaunchers((kind) => {
  describe('when the launcher is killed', () => {
    let bench: LauncherBench;

    beforeEach(async () => {
      bench = await LauncherBench.start(kind);
    });

    it('its commands die, that is told, and the next command runs', async () => {
      const seconds = uniqueSeconds();
      const running = await Promise.all(
        [1, 2, 3].map(() =>
          bench.launch(
            `(env -i setsid sleep ${seconds} &); setsid sleep ${seconds} & trap "" TERM; sleep ${seconds}; sleep ${seconds}`,
          ),
        ),
      );
      const first = bench.launcher.pid ?? 0;
      process.kill(first, 'SIGKILL');
      const ends = await Promise.allSettled(running.map(({ ended }) => ended));
      expect(aliveWith(seconds)).toEqual([]);
      for (const end of ends) expect(end).toMatchObject({ reason: expect.any(LauncherLostError) });
      running[0]?.stop(0);
      expect((await bench.run('echo again')).stdout.toString()).toBe('again\n');
      expect(bench.launcher.pid).not.toBe(first);
    });

    it('again and again, each launch either runs or tells why not', async () => {
      for (let round = 0; round < 5; round += 1) {
        const attempts = [1, 2, 3].map(() => bench.run('sleep 0.01; echo x'));
        process.kill(bench.launcher.pid ?? 0, 'SIGKILL');
        for (const attempt of await Promise.allSettled(attempts)) {
          if (attempt.status === 'rejected') expect(attempt.reason).toBeInstanceOf(LauncherLostError);
          else expect(attempt.value.stdout.toString()).toBe('x\n');
        }
        expect((await bench.run('echo y')).stdout.toString()).toBe('y\n');
      }
    });
  });

  it('close kills what runs, and nothing starts after it', async () => {
    const bench = await LauncherBench.start(kind);
    const seconds = uniqueSeconds();
    const running = await bench.launch(`setsid sleep ${seconds} & sleep ${seconds}`);
    await bench.launcher.close();
    expect(aliveWith(seconds)).toEqual([]);
    expect(aliveWith(`${bench.instance}/`)).toEqual([]);
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    await expect(bench.launch('true')).rejects.toBeInstanceOf(LaunchFailedError);
    expect(await endLeftovers(bench.instance)).toBe(0);
    expect(cgroupsOf(bench.instance)).toEqual([]);
  });

  it('when the server is killed, launcher and commands end', async () => {
    const [instance, seconds] = [`test-${randomUUID()}`, uniqueSeconds()];
    const server = await startServer(instance, kind, seconds);
    server.process.kill('SIGKILL');
    await eventually(() => {
      expect(aliveWith(seconds)).toEqual([]);
      expect(existsSync(`/proc/${server.launcherPid}`)).toBe(false);
    });
    expect(await endLeftovers(instance)).toBe(0);
  });

  it('when server and launcher are killed at once, the next start finds and ends what they left', async () => {
    const [instance, seconds] = [`test-${randomUUID()}`, uniqueSeconds()];
    const server = await startServer(instance, kind, seconds);
    process.kill(server.launcherPid, 'SIGSTOP');
    server.process.kill('SIGKILL');
    process.kill(server.launcherPid, 'SIGKILL');
    await endLeftovers(instance);
    expect(aliveWith(seconds)).toEqual([]);
    expect(await endLeftovers(instance)).toBe(0);
    expect(cgroupsOf(instance)).toEqual([]);
  });

  it('the next start removes what was there for a moment when its process was killed', async () => {
    const [instance, other] = [`test-${randomUUID()}`, `test-${randomUUID()}`];
    const leave = (of: string): string => mkdtempSync(join(tmpdir(), prefixOf(of)));
    const [left, kept] = [leave(instance), leave(other)];
    writeFileSync(join(left, '0'), '');
    await endLeftovers(instance);
    expect([left, kept].map((directory) => existsSync(directory))).toEqual([false, true]);
    removeScratch(other);
    expect(existsSync(kept)).toBe(false);
  });

  it('what another instance runs is left alone', async () => {
    const bench = await LauncherBench.start(kind);
    const running = await bench.launch('sleep 0.2; echo mine');
    expect(await endLeftovers(`other-${bench.instance}`)).toBe(0);
    expect(await endLeftovers(bench.instance.slice(0, -1))).toBe(0);
    expect((await bench.finish(running)).stdout.toString()).toBe('mine\n');
  });
});
