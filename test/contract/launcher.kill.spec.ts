import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { aliveWith, describeOnLaunchers, LauncherBench, uniqueSeconds } from './launcher.support.js';

const LONG_MS = 60_000;

/** A tree that is hard to end; each process of it sleeps for `seconds`, which names it. */
function hardTree(seconds: string): string {
  return `
    sleeper='trap "" TERM INT HUP; while :; do sleep ${seconds}; done'
    i=0; while [ $i -lt 50 ]; do sh -c "$sleeper" & i=$((i+1)); done
    setsid sh -c "$sleeper" &
    (setsid sh -c "sh -c '$sleeper' & exit" &)
    setsid setsid sh -c "$sleeper" </dev/null >/dev/null 2>&1 &
    sh -c "$sleeper" & kill -STOP $!
    ${forkLoop(seconds)} &
    echo up`;
}

/** Always one or two processes, each of which forks the next one and exits. */
function forkLoop(seconds: string): string {
  return `sh -c 'f() { : ${seconds}; (f &) }; f'`;
}

/** Where it begins is the 50th field of its stat, where it ends the 51st. Needs root, or a process of one's own. */
function overwriteEnvironment(pid: number): void {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [start, end] = [Number(fields[47]), Number(fields[48])];
  const memory = openSync(`/proc/${pid}/mem`, 'r+');
  writeSync(memory, Buffer.alloc(end - start), 0, end - start, start);
  closeSync(memory);
  expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toMatch(/^\0+$/);
}

await describeOnLaunchers((kind) => {
  let bench: LauncherBench;

  beforeAll(async () => {
    bench = await LauncherBench.start(kind);
  });

  const launchTree = async (seconds: string, { first = ':', last }: { first?: string; last: string }) => {
    const running = await bench.launch(`${first}; ${hardTree(seconds)}; ${last}`);
    await eventually(() => {
      expect(aliveWith(seconds).length).toBeGreaterThan(50);
    });
    return running;
  };

  describe('whatever a command started', () => {
    it('is dead when its end is told, after its shell has exited', async () => {
      const seconds = uniqueSeconds();
      const end = await bench.run(`${hardTree(seconds)}; sleep 0.2; exit 3`);
      expect(aliveWith(seconds)).toEqual([]);
      expect(end).toMatchObject({ exitCode: 3, signal: null, stdoutBytes: 3 });
    });

    it('is dead after stop, be SIGTERM ignored', async () => {
      const seconds = uniqueSeconds();
      const running = await launchTree(seconds, {
        first: 'trap "" TERM',
        last: `while :; do sleep ${seconds}; done`,
      });
      running.stop(300);
      expect(await running.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('is dead after stop, be its shell dead before', async () => {
      const seconds = uniqueSeconds();
      const running = await launchTree(seconds, { last: `exec sleep ${seconds}` });
      running.stop(300);
      expect(await running.ended).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('is told also where the command has stopped the shell that is to tell it', async () => {
      const running = await bench.launch('kill -STOP $PPID; echo x');
      running.stop(100);
      expect((await running.ended).overdue).toBe(false);
      expect(await bench.run('echo on')).toMatchObject({ exitCode: 0, stdoutBytes: 3 });
    });

    it('is dead after a stop without grace', async () => {
      const seconds = uniqueSeconds();
      const running = await launchTree(seconds, { last: `exec sleep ${seconds}` });
      running.stop(0);
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('is dead where it has left session, parent and environment', async () => {
      const seconds = uniqueSeconds();
      const escape = `(setsid env -i /bin/sh -c "/bin/sleep ${seconds} & exit" </dev/null >/dev/null 2>&1 &)`;
      expect(await bench.run(`${escape}; sleep 0.2; exit 4`)).toMatchObject({ exitCode: 4 });
      expect(aliveWith(seconds)).toEqual([]);
    });
  });

  describe('the grace of a stop', () => {
    const patient = 'trap "echo bye; exit 5" TERM; echo hi; while :; do sleep 0.01; done';

    const hasBegun = async (command: string) => {
      const running = await bench.launch(command);
      await eventually(() => {
        expect(statSync(running.stdoutPath).size).toBeGreaterThan(0);
      });
      return running;
    };

    it('lets a command end by itself, and keeps what it writes', async () => {
      const running = await hasBegun(patient);
      running.stop(LONG_MS);
      const end = await bench.finish(running);
      expect(end.exitCode).toBe(5);
      expect(end.stdout.toString()).toBe('hi\nbye\n');
    });

    it('is for its children as well, when the shell is dead', async () => {
      const running = await hasBegun(`sh -c '${patient}' & exec sleep ${uniqueSeconds()}`);
      running.stop(LONG_MS);
      const end = await bench.finish(running);
      expect(end.signal).toBe('SIGTERM');
      expect(end.stdout.toString()).toBe('hi\nbye\n');
    });

    it('can be shortened, not made longer', async () => {
      const running = await hasBegun('trap "" TERM; echo hi; while :; do sleep 0.01; done');
      running.stop(LONG_MS);
      running.stop(100);
      running.stop(LONG_MS);
      expect((await running.ended).signal).toBe('SIGKILL');
    });

    it('begins with a SIGTERM, however soon the stop comes', async () => {
      for (let round = 0; round < 10; round += 1) {
        const running = await bench.launch(`exec sleep ${uniqueSeconds()}`);
        running.stop(LONG_MS);
        expect((await running.ended).signal).toBe('SIGTERM');
      }
    });

    it('wakes what was stopped, so that it can end', async () => {
      const running = await hasBegun(`echo hi; kill -STOP $$`);
      running.stop(LONG_MS);
      expect((await running.ended).signal).toBe('SIGTERM');
    });

    it('of one command leaves the others alone, and the next one on its seat', async () => {
      const others = await Promise.all(['one', 'two'].map((word) => bench.launch(`sleep 0.5; echo ${word}`)));
      const stopped = await Promise.all([bench.launch('sleep 1000'), bench.launch('sleep 1000')]);
      stopped[0].stop(LONG_MS);
      stopped[1].stop(0);
      await Promise.all(stopped.map(({ ended }) => ended));
      expect((await bench.run('echo next')).stdout.toString()).toBe('next\n');
      const outputs = (await Promise.all(others.map((other) => bench.finish(other)))).map(({ stdout }) =>
        stdout.toString(),
      );
      expect(outputs).toEqual(['one\n', 'two\n']);
    });

    it('means nothing after the end', async () => {
      const running = await bench.launch('exit 6');
      expect((await running.ended).exitCode).toBe(6);
      running.stop(0);
      expect((await bench.run('sleep 0.05; echo fine')).stdout.toString()).toBe('fine\n');
    });
  });

  it('the end of a command is not that of a stranger of whose environment nothing but NULs is left', async () => {
    // As databases leave it that show in `ps` what they are at.
    const stranger = spawn('/bin/sleep', ['600'], { env: { A: 'x' }, stdio: 'ignore', detached: true });
    atEndOfFile(() => stranger.kill('SIGKILL'));
    overwriteEnvironment(stranger.pid ?? 0);
    const other = await LauncherBench.start(kind);
    await other.run(`setsid sleep ${uniqueSeconds()} & exit 3`);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
  });

  it('a command that signals its own group meets nobody else', async () => {
    const end = await bench.run('trap "" TERM; kill -TERM 0; sleep 0.05; exit 7');
    expect(end.exitCode).toBe(7);
    expect(await bench.run('kill -KILL 0')).toMatchObject({ signal: 'SIGKILL' });
  });

  // Elsewhere it would end the machine.
  if (kind.containment === 'pid-namespace') {
    it('a command that kills all that it can kills only what is its own', async () => {
      const other = bench.run('sleep 0.3; echo other');
      const seconds = uniqueSeconds();
      expect(await bench.run(`setsid sleep ${seconds} & kill -9 -1; exit 8`)).toMatchObject({ exitCode: 8 });
      expect(aliveWith(seconds)).toEqual([]);
      expect((await other).stdout.toString()).toBe('other\n');
    });

    it('a command that stops all that comes to end it ends', async () => {
      const running = await bench.launch('trap "" TERM; echo x; while :; do kill -STOP -1; done');
      await eventually(() => {
        expect(statSync(running.stdoutPath).size).toBeGreaterThan(0);
      });
      running.stop(300);
      expect((await running.ended).signal).toBe('SIGKILL');
      expect((await bench.run('echo fine')).stdout.toString()).toBe('fine\n');
    });

    if (process.getuid?.() === 0 && kind.sandbox === 'none')
      it('a command leaves no mount to the next one', async () => {
        const { exitCode } = await bench.run('mount -t tmpfs none /mnt && touch /mnt/left-behind');
        expect(exitCode).toBe(0);
        expect((await bench.run('ls -a /mnt')).stdout.toString()).not.toContain('left-behind');
      });

    // Bounded, so that a failure of this test is no disaster: 1,024 at the end of ten generations.
    it('a fork bomb ends', async () => {
      const seconds = uniqueSeconds();
      const bomb = `f() { [ $1 -gt 9 ] && exec sleep ${seconds}; f $(($1+1)) & f $(($1+1)) & wait; }; echo x; f 0`;
      const running = await bench.launch(bomb);
      await eventually(() => {
        expect(statSync(running.stdoutPath).size).toBeGreaterThan(0);
      });
      running.stop(0);
      expect((await running.ended).signal).toBe('SIGKILL');
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('a command that makes namespaces of its own ends with them', async () => {
      const seconds = uniqueSeconds();
      const inner = `sleep ${seconds} & sleep 0.1`;
      const running = bench.run(
        `(unshare --pid --fork --mount-proc setsid sh -c "${inner}; sleep ${seconds}" &); sleep 0.3`,
      );
      expect(await running).toMatchObject({ exitCode: 0 });
      expect(aliveWith(seconds)).toEqual([]);
    });

    it('a command sees its own processes only, under the ids it knows', async () => {
      const { stdout } = await bench.run(
        'ls /proc | grep -c "^[0-9]"; readlink /proc/self/exe; [ -d /proc/$$ ] && echo yes',
      );
      const [count, , yes] = stdout.toString().split('\n');
      expect(Number(count)).toBeLessThan(6);
      expect(yes).toBe('yes');
    });
  }
});
