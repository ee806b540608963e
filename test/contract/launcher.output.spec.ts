import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { HELD_BYTES } from '../../src/execution/runner/protocol.js';
import { eventually } from '../support/eventually.js';
import { describeOnLaunchers, LauncherBench, uniqueSeconds } from './launcher.support.js';

await describeOnLaunchers((kind) => {
  let bench: LauncherBench;

  beforeAll(async () => {
    bench = await LauncherBench.start(kind);
  });

  describe('what a command writes', () => {
    it('is kept whole where it opens its output again by name', async () => {
      const command = `echo a; echo b >/dev/stdout; echo c >>/dev/stderr; echo d >/dev/stderr
        echo e >/proc/self/fd/1; echo f >&2; sh -c 'echo g >/dev/stdout'; echo h | cat >/dev/stdout; echo i`;
      const end = await bench.run(command);
      expect(end.stdout.toString()).toBe('a\nb\ne\ng\nh\ni\n');
      expect(end.stderr.toString()).toBe('c\nd\nf\n');
      expect(end).toMatchObject({ exitCode: 0, stdoutBytes: 12, stderrBytes: 6, outputLimitReached: false });
    });

    it('is 100 MB, byte for byte, in bounded memory', async () => {
      const before = process.memoryUsage().rss;
      const make = `LC_ALL=C awk 'BEGIN { for (i = 0; i < 12500000; i++) printf "%07d\\n", i % 9999991 }'`;
      const end = await bench.finish(
        await bench.launch(`${make} | tee /dev/stderr | sha256sum >sum; cat sum`),
      );
      expect(end.stderrBytes).toBe(100_000_000);
      expect(process.memoryUsage().rss - before).toBeLessThan(350_000_000);
      expect(end.stdout.toString()).toContain(createHash('sha256').update(end.stderr).digest('hex'));
    });

    it('can be read while it runs', async () => {
      const running = await bench.launch(`echo early; sleep ${uniqueSeconds()}`);
      await eventually(() => {
        expect(statSync(running.stdoutPath).size).toBe(6);
      });
      running.stop(0);
      expect((await bench.finish(running)).stdout.toString()).toBe('early\n');
    });

    it('does not hold up its end where a child keeps the output open', async () => {
      const end = await bench.run(`(sleep ${uniqueSeconds()}; echo late) & echo now`);
      expect(end).toMatchObject({ exitCode: 0, stdoutBytes: 4 });
    });

    it('is not for the next one to suffer from, whatever a command did to its own', async () => {
      // With `nonblock` dd sets O_NONBLOCK on the standard output that it was given.
      await bench.run('dd if=/dev/null oflag=nonblock 2>/dev/null; chmod 000 /dev/stdout');
      const end = await bench.run('head -c 5000000 /dev/zero; echo $? >&2');
      expect(end).toMatchObject({ exitCode: 0, stdoutBytes: 5_000_000 });
      expect(end.stderr.toString()).toBe('0\n');
    });

    it('is kept though a command has put a file in the place of its standard error', async () => {
      const request = bench.request('true');
      const { stdoutPath, stderrPath } = request;
      const command = `echo mine >'${stderrPath}'; echo ours >&2`;
      const end = await bench.run(command, { stdoutPath, stderrPath });
      expect(end.stderr.toString()).toBe('ours\n');
    });

    it.each([
      ['little', `printf x`, 1],
      ['much', `head -c ${HELD_BYTES + 1} /dev/zero`, HELD_BYTES + 1],
      ['late', 'sleep 0.3; printf x', 1],
    ])('goes through no link that lies in the place of its file (%s)', async (_name, command, bytes) => {
      const request = bench.request(command);
      const target = `${request.workingDirectory}/target`;
      writeFileSync(target, 'mine');
      symlinkSync(target, request.stdoutPath);
      expect(await bench.run(command, request)).toMatchObject({ exitCode: 0, stdoutBytes: bytes });
      expect(readFileSync(target, 'utf8')).toBe('mine');
    });

    it.each([HELD_BYTES - 1, HELD_BYTES, HELD_BYTES + 1])(
      'is told with the end or lies in the file (%p bytes)',
      async (bytes) => {
        const running = await bench.launch(`head -c ${bytes} /dev/zero; head -c ${bytes} /dev/zero >&2`);
        const { stdout, stderr } = await running.ended;
        for (const [captured, path] of [
          [stdout, running.stdoutPath],
          [stderr, running.stderrPath],
        ] as const) {
          expect(captured.bytes).toBe(bytes);
          expect((captured.content ?? readFileSync(path)).equals(Buffer.alloc(bytes))).toBe(true);
          expect(existsSync(path)).toBe(captured.content === null);
          if (bytes > HELD_BYTES) expect(captured.content).toBeNull();
        }
      },
    );

    it('never turns up in the output of the next one', async () => {
      for (let round = 0; round < 20; round += 1) {
        await bench.run('(while :; do echo old; done) & sleep 0.01');
        expect((await bench.run('echo new')).stdout.toString()).toBe('new\n');
      }
    });

    it('is whole even if it fills the pipe at the last moment', async () => {
      for (let round = 0; round < 20; round += 1) {
        const end = await bench.run('head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2');
        expect(end).toMatchObject({ exitCode: 0, stdoutBytes: 60_000, stderrBytes: 60_000 });
      }
    });
  });

  describe('the limit on output', () => {
    it('lets pass what just reaches it', async () => {
      const end = await bench.run('head -c 70000 /dev/zero', { maxOutputBytes: 70_000 });
      expect(end).toMatchObject({ exitCode: 0, stdoutBytes: 70_000, outputLimitReached: false });
    });

    it.each([
      ['standard output', 'yes', { stdoutBytes: 100_001, stderrBytes: 0 }],
      ['standard error', 'yes >&2', { stdoutBytes: 0, stderrBytes: 100_001 }],
    ])('cuts %s exactly and kills', async (_name, command, bytes) => {
      const end = await bench.run(`${command} & ${command}`, { maxOutputBytes: 100_001 });
      expect(end).toMatchObject({ signal: 'SIGKILL', outputLimitReached: true, ...bytes });
      expect(end.stdout.length + end.stderr.length).toBe(100_001);
    });

    it('is seen in a command that has just ended, and does no harm to the next', async () => {
      for (let round = 0; round < 20; round += 1) {
        const end = await bench.run('printf 12345', { maxOutputBytes: 4 });
        expect(end).toMatchObject({ outputLimitReached: true, stdoutBytes: 4 });
        expect((await bench.run('echo next')).stdout.toString()).toBe('next\n');
      }
    });

    it('may be nothing at all', async () => {
      expect(await bench.run('true', { maxOutputBytes: 0 })).toMatchObject({ outputLimitReached: false });
      expect(await bench.run('echo', { maxOutputBytes: 0 })).toMatchObject({ outputLimitReached: true });
    });
  });
});
