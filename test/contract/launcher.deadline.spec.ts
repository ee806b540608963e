import { beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  type LauncherInForce,
  type LaunchRequest,
  type ProcessEnd,
} from '../../src/execution/runner/launcher.js';
import { decodeReport, encodeRequest, FrameSplitter } from '../../src/execution/runner/frames.js';
import { commandLineOf } from '../../src/execution/runner/launcher-programs.js';
import { lockLimitsOf } from '../../src/execution/runner/lock-limit.js';
import {
  HELD_BYTES,
  type LauncherReport,
  type LauncherRequest,
  type LaunchOrder,
  MARK_VARIABLE,
  SYSTEM_PATH,
} from '../../src/execution/runner/protocol.js';
import { monotonicNow } from '../../src/kernel/clock.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { freeze, isStopped } from '../support/run/freeze.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { aliveWith, describeOnLaunchers, LauncherBench, uniqueSeconds } from './launcher.support.js';

const CLIENT = fileURLToPath(new URL('./launcher.client.fixture.js', import.meta.url));
const LONG_MS = 60_000;
const SHORT_MS = 700;
/** Enough that a client can be started and stopped before it is over. */
const CLIENT_MS = 1_500;
/** What they write is more than the pipe between launcher and client takes. */
const WRITERS = 20;
const KILLED = { exitCode: null, signal: 'SIGKILL', overdue: true };

/** A shell, its child, a daemonised grandchild and one that ignores what it can, each of them asleep. */
function family(seconds: string): string {
  return `
    (setsid env -i /bin/sh -c "/bin/sleep ${seconds} & exit" </dev/null >/dev/null 2>&1 &)
    setsid sh -c 'trap "" TERM INT HUP; while :; do /bin/sleep ${seconds}; done' &
    trap "" TERM; echo up; /bin/sleep ${seconds}; /bin/sleep ${seconds}`;
}

async function hasPassed(time: number): Promise<void> {
  await eventually(() => {
    expect(monotonicNow()).toBeGreaterThan(time);
  });
}

async function isAlive(seconds: string): Promise<void> {
  await eventually(() => {
    expect(aliveWith(seconds).length).toBeGreaterThan(3);
  });
}

/** @param client has the command among its own arguments */
async function isDead(seconds: string, client?: number): Promise<void> {
  await eventually(() => {
    expect(aliveWith(seconds).filter(({ pid }) => pid !== client)).toEqual([]);
  });
}

async function stopUntil(pid: number, time: number): Promise<void> {
  freeze(pid);
  try {
    await hasPassed(time);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

interface Client {
  readonly pid: number;
  readonly endBy: number;
  /** What it says in the end. */
  readonly end: Promise<ProcessEnd>;
}

async function startClient(kind: LauncherInForce, command: string): Promise<Client> {
  const args = [
    `test-${randomUUID()}`,
    kind.program,
    kind.containment,
    await temporaryDirectory(),
    command,
    String(CLIENT_MS),
  ];
  const child = spawn(process.execPath, [CLIENT, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEndOfFile(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const end = once(child.stdout, 'data').then(([next]) => JSON.parse(String(next)) as ProcessEnd);
  return { pid: child.pid ?? 0, endBy: Number(line.toString()), end };
}

let places = 0;
/** For each command one of its own. */
const nextPlace = (): number => (places += 1);

/** A launcher, ready, of whose reports nothing more is read until somebody listens. */
async function startUnheardLauncher(instance: string, kind: LauncherInForce): Promise<ChildProcess> {
  const [path, ...words] = commandLineOf(kind.program);
  const child = spawn(path, words, { cwd: '/', env: { PATH: SYSTEM_PATH } });
  atEndOfFile(() => child.kill('SIGKILL'));
  say(child, { op: 'start', instance, containment: kind.containment, cgroups: [] });
  const [ready] = (await once(child.stdout, 'data')) as [Buffer];
  child.stdout.pause();
  expect(ready.toString()).toContain(`ready\0${kind.containment}\0`);
  return child;
}

function orderOf({ key, environment, ...request }: LaunchRequest): LaunchOrder {
  const marked = { ...environment, [MARK_VARIABLE]: `test/${key}` };
  const variables = Object.entries(marked).map(([name, value]) => `${name}=${value}`);
  const unlimited = { cpuSeconds: 0, fileBytes: 0, openFiles: 0 };
  return {
    ...request,
    ...unlimited,
    lockLimit: lockLimitsOf(key)(0),
    environment: variables,
    enclosure: null,
  };
}

function say(launcher: ChildProcess, request: LauncherRequest): void {
  launcher.stdin?.write(encodeRequest(request));
}

await describeOnLaunchers((kind) => {
  let bench: LauncherBench;

  beforeAll(async () => {
    bench = await LauncherBench.start(kind);
  });

  describe('a command that must end by a time', () => {
    it('is killed then, whole, without a grace, and not before', async () => {
      const seconds = uniqueSeconds();
      const endBy = monotonicNow() + SHORT_MS;
      const running = await bench.launch(family(seconds), { endBy });
      await isAlive(seconds);
      const end = await bench.finish(running);
      expect(aliveWith(seconds)).toEqual([]);
      expect(monotonicNow()).toBeGreaterThanOrEqual(endBy);
      expect(end).toMatchObject(KILLED);
      expect(end.stdout.toString()).toBe('up\n');
    });

    it('lives on where that time is moved on', async () => {
      const seconds = uniqueSeconds();
      const first = monotonicNow() + SHORT_MS;
      const running = await bench.launch(family(seconds), { endBy: first });
      for (let time = first; time < first + SHORT_MS; time += 10) running.endBy(time);
      running.endBy(first + LONG_MS);
      await hasPassed(first + SHORT_MS);
      await isAlive(seconds);
      running.stop(0);
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL', overdue: false });
    });

    it.each([LONG_MS, null])('is killed sooner where that time is moved back (%p)', async (ms) => {
      const seconds = uniqueSeconds();
      const endBy = ms === null ? null : monotonicNow() + ms;
      const running = await bench.launch(family(seconds), { endBy });
      await isAlive(seconds);
      const sooner = monotonicNow() + SHORT_MS / 2;
      running.endBy(sooner);
      expect(await running.ended).toMatchObject(KILLED);
      expect(monotonicNow()).toBeGreaterThanOrEqual(sooner);
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('is killed at once where that time is moved to the past', async () => {
      const running = await bench.launch(`exec sleep ${uniqueSeconds()}`, {
        endBy: monotonicNow() + LONG_MS,
      });
      running.endBy(monotonicNow() - LONG_MS);
      expect(await running.ended).toMatchObject(KILLED);
    });

    it('is not begun after it', async () => {
      const request = bench.request('echo x; touch begun', { endBy: monotonicNow() });
      const end = await bench.run(request.command, request);
      expect(end).toMatchObject({ ...KILLED, stdoutBytes: 0 });
      expect(existsSync(`${request.workingDirectory}/begun`)).toBe(false);
    });

    it('has no longer grace than that', async () => {
      const seconds = uniqueSeconds();
      const running = await bench.launch(family(seconds), { endBy: monotonicNow() + SHORT_MS });
      await isAlive(seconds);
      running.stop(LONG_MS);
      expect(await running.ended).toMatchObject(KILLED);
      expect(aliveWith(seconds)).toEqual([]);
    });
  });

  describe('a command is not overdue', () => {
    it.each([null, LONG_MS, 2 ** 31 + LONG_MS, 2 ** 45])('where its time is far off (%p ms)', async (ms) => {
      const endBy = ms === null ? null : monotonicNow() + ms;
      const end = await bench.run('sleep 0.1; exit 3', { endBy });
      expect(end).toMatchObject({ exitCode: 3, overdue: false });
    });

    it('where it was killed for something else', async () => {
      const endBy = monotonicNow() + LONG_MS;
      expect(await bench.run('kill -9 $$', { endBy })).toMatchObject({ signal: 'SIGKILL', overdue: false });
      const limited = await bench.run('yes', { endBy, maxOutputBytes: 10 });
      expect(limited).toMatchObject({ outputLimitReached: true, overdue: false });
    });

    it('where it came to its end by itself, however close to its time', async () => {
      for (let round = 0; round < 40; round += 1) {
        const endBy = monotonicNow() + 40 + round;
        const end = await bench.run('sleep 0.05; exit 3', { endBy });
        if (!end.overdue) expect(end).toMatchObject({ exitCode: 3, signal: null });
      }
    });

    it('where its time is moved after its end, nor is the next one on its seat', async () => {
      const ended = await bench.launch('exit 6', { endBy: monotonicNow() + SHORT_MS });
      expect(await ended.ended).toMatchObject({ exitCode: 6, overdue: false });
      const next = await bench.launch('echo hi; sleep 1; exit 7');
      await eventually(() => {
        expect(statSync(next.stdoutPath).size).toBeGreaterThan(0);
      });
      ended.endBy(monotonicNow());
      expect(await next.ended).toMatchObject({ exitCode: 7, overdue: false });
    });
  });

  it('a launcher that was stopped kills what is overdue as soon as it runs again, and begins nothing', async () => {
    const seconds = uniqueSeconds();
    const endBy = monotonicNow() + SHORT_MS;
    const running = await bench.launch(family(seconds), { endBy });
    await isAlive(seconds);
    const continued = stopUntil(bench.launcher.pid ?? 0, endBy + 100);
    const late = bench.request('touch begun', { endBy });
    const neverBegun = bench.run(late.command, late);
    await continued;
    expect(await running.ended).toMatchObject(KILLED);
    expect(aliveWith(seconds)).toEqual([]);
    expect(await neverBegun).toMatchObject(KILLED);
    expect(existsSync(`${late.workingDirectory}/begun`)).toBe(false);
  });

  it('a client that is stopped keeps nothing alive, and is told when it runs again', async () => {
    const seconds = uniqueSeconds();
    const client = await startClient(kind, family(seconds));
    freeze(client.pid);
    await isAlive(seconds);
    expect(monotonicNow()).toBeLessThan(client.endBy);
    await isDead(seconds, client.pid);
    expect(monotonicNow()).toBeGreaterThanOrEqual(client.endBy);
    expect(monotonicNow()).toBeLessThan(client.endBy + 3_000);
    expect(isStopped(client.pid)).toBe(true);
    process.kill(client.pid, 'SIGCONT');
    expect(await client.end).toMatchObject(KILLED);
  });

  it('a client that reads nothing, its pipe full, keeps nothing alive', async () => {
    const launcher = await startUnheardLauncher(bench.instance, kind);
    const seconds = uniqueSeconds();
    const endBy = monotonicNow() + CLIENT_MS;
    say(launcher, {
      op: 'launch',
      id: 0,
      place: nextPlace(),
      order: orderOf(bench.request(family(seconds), { endBy })),
    });
    await isAlive(seconds);
    for (let id = 1; id <= WRITERS; id += 1)
      say(launcher, {
        op: 'launch',
        id,
        place: nextPlace(),
        order: orderOf(bench.request(`head -c ${HELD_BYTES} /dev/zero`)),
      });
    await isDead(seconds);
    expect(monotonicNow()).toBeGreaterThanOrEqual(endBy);
    const reports: LauncherReport[] = [];
    const splitter = new FrameSplitter((payload) => reports.push(decodeReport(payload)));
    launcher.stdout?.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
    });
    launcher.stdout?.resume();
    await eventually(() => {
      expect(reports).toHaveLength(WRITERS + 1);
    });
    expect(reports.find((report) => 'id' in report && report.id === 0)).toMatchObject({
      op: 'ended',
      end: { exitCode: null, signal: constants.signals.SIGKILL, overdue: true },
    });
    launcher.stdin?.end();
    await once(launcher, 'close');
  });
});
