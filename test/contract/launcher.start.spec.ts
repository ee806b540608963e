import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchFailedError, LaunchLateError } from '../../src/execution/runner/launcher.js';
import { monotonicNow } from '../../src/kernel/clock.js';
import { descendantsOf, describeOnLaunchers, LauncherBench, zombiesOf } from './launcher.support.js';

const MAX_COMMAND_BYTES = 131_071;
const NOTHING = '0000000000000000';

await describeOnLaunchers((kind) => {
  let bench: LauncherBench;

  beforeAll(async () => {
    bench = await LauncherBench.start(kind);
  });

  describe('the end of a command', () => {
    it('says each exit code', async () => {
      for (let code = 0; code < 256; code += 1) {
        expect(await bench.run(`exit ${code}`)).toMatchObject({ exitCode: code, signal: null });
      }
    });

    it.each(['KILL', 'TERM', 'INT', 'QUIT', 'HUP', 'PIPE', 'SEGV', 'ABRT', 'USR1', 'ALRM'])(
      'says SIG%s',
      async (signal) => {
        expect(await bench.run(`ulimit -c 0; kill -${signal} $$`)).toMatchObject({
          exitCode: null,
          signal: `SIG${signal}`,
        });
      },
    );

    it('says what became of an unknown program', async () => {
      const end = await bench.run('no-such-program');
      expect(end.exitCode).toBe(127);
      expect(end.stderr.toString()).toContain('not found');
    });
  });

  describe('the text of a command', () => {
    it('may be as long as the kernel lets it', async () => {
      const text = 'x'.repeat(MAX_COMMAND_BYTES - "printf %s ''".length);
      const { stdout } = await bench.run(`printf %s '${text}'`);
      expect(stdout.toString()).toBe(text);
    });

    it('may hold all of Unicode', async () => {
      for (let first = 1; first < 0x110000; first += 0x7000) {
        const text = characters(first, Math.min(first + 0x7000, 0x110000));
        const { stdout } = await bench.run(`printf %s '${text}'`);
        expect(stdout.equals(Buffer.from(text))).toBe(true);
      }
    });

    it('may hold quotes, newlines and all that a shell has a meaning for', async () => {
      const text = `'"\`$(exit 9)\\\n\r\t$HOME;&|<>*?[]~#!{}%=E 7\nF\n`;
      const { stdout } = await bench.run(`printf %s "$X"; printf %s '${text.replaceAll("'", "'\\''")}'`, {
        environment: { X: text },
      });
      expect(stdout.toString()).toBe(text + text);
    });
  });

  describe('what a command meets', () => {
    it('is the environment given, and the mark', async () => {
      const plain = { OLDPWD: 'y', X: '', Y: 'ß\n' };
      // What makes a sandbox sets PWD, and a shell that runs inside keeps to names for shells.
      const odd = { 'a.b': '1', '-i': '2', 'é ü': 'ß\n', PWD: 'x', IFS: 'x' };
      const many = Object.fromEntries(
        Array.from({ length: 1_000 }, (_, index) => [`V${index}`, `${index} '"$`]),
      );
      const environment = { ...plain, ...(kind.sandbox === 'none' ? odd : {}), ...many };
      const { stdout } = await bench.run('/bin/cat /proc/$$/environ', { environment, key: 'some.1' });
      const expected = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      const isMeant = (variable: string): boolean => kind.sandbox === 'none' || !variable.startsWith('PWD=');
      expect(stdout.toString().split('\0').filter(Boolean).filter(isMeant).sort()).toEqual(
        [...expected, `JOB_MANAGER_MARK=${bench.instance}/some.1`].sort(),
      );
    });

    it('is an environment of more than a pipe holds', async () => {
      const environment = Object.fromEntries(['A', 'B', 'C'].map((name) => [name, name.repeat(100_000)]));
      const { stdout } = await bench.run('echo "${#A} ${#B} ${#C}"', { environment });
      expect(stdout.toString()).toBe('100000 100000 100000\n');
    });

    it('is its working directory, whatever its name', async () => {
      const workingDirectory = join(bench.directory, "- it's\na 'directory'");
      const request = bench.request('');
      mkdirSync(workingDirectory);
      writeFileSync(join(workingDirectory, 'x'), '');
      const { stdout } = await bench.run('ls; pwd', { ...request, command: 'ls; pwd', workingDirectory });
      expect(stdout.toString()).toBe(`x\n${workingDirectory}\n`);
    });

    it('is no descriptor but the standard ones, and nothing to read', async () => {
      const { stdout } = await bench.run('cd /proc/self/fd && echo *; readlink 0; cat');
      // The shell's own, of the directory that it lists, comes and goes.
      expect(stdout.toString().replace(/ \d\d+/, '')).toMatch(/^0 1 2( 3)?\n\/dev\/null\n$/);
    });

    it('is no signal ignored or blocked', async () => {
      const { stdout } = await bench.run('grep -E "Sig(Ign|Blk)" /proc/self/status | cut -f2');
      expect(stdout.toString()).toBe(`${NOTHING}\n${NOTHING}\n`);
    });

    it('is a session and a process group of its own, under the id that it knows', async () => {
      const { stdout } = await bench.run(
        'echo $$; cut -d" " -f1,5,6 /proc/$$/stat; tr "\\0" " " </proc/$$/cmdline',
      );
      const [pid = '', ids, words] = stdout.toString().split('\n');
      expect(ids).toBe(`${pid} ${pid} ${pid}`);
      expect(words).toMatch(/^\/bin\/sh -c echo/);
    });
  });

  describe('what a command does to the process that started it', () => {
    const SHOWN = 'ulimit -Hn; ulimit -Hf; nice; grep Cpus_allowed: /proc/$$/status';

    it.each([
      'prlimit --pid $PPID --nofile=64:64 --fsize=4096:4096',
      'renice -n 5 -p $PPID',
      'taskset -p 1 $PPID',
    ])('is not for the next one to suffer from: %s', async (change) => {
      const before = (await bench.run(SHOWN)).stdout.toString();
      expect(await bench.run(`${change} >/dev/null`)).toMatchObject({ exitCode: 0 });
      for (let next = 0; next < 3; next += 1) expect((await bench.run(SHOWN)).stdout.toString()).toBe(before);
    });
  });

  describe('a command that can not be started', () => {
    const refused = async (command: string, rest: Parameters<LauncherBench['request']>[1]): Promise<void> => {
      await expect(bench.run(command, rest)).rejects.toThrow(LaunchFailedError);
    };

    it('is refused: no working directory', () => refused('true', { workingDirectory: '/no/such/directory' }));

    it('is refused: NUL, too long, no name', async () => {
      await refused('true \0', {});
      await refused('x'.repeat(MAX_COMMAND_BYTES + 1), {});
      await refused('true', { environment: { '': 'x' } });
      await refused('true', { environment: { 'a=b': 'x' } });
    });

    it('is refused: too late', async () => {
      for (let times = 0; times < 3; times += 1)
        await expect(bench.run('true', { startBy: monotonicNow() - 1 })).rejects.toThrow(LaunchLateError);
    });

    it('leaves the launcher as it was', async () => {
      expect((await bench.run('echo fine')).stdout.toString()).toBe('fine\n');
    });
  });

  it('runs 50 commands at once', async () => {
    const commands = Array.from({ length: 50 }, (_, index) => bench.run(`sleep 0.2; echo ${index}`));
    const outputs = (await Promise.all(commands)).map(({ stdout }) => stdout.toString());
    expect(outputs).toEqual(Array.from({ length: 50 }, (_, index) => `${index}\n`));
  });

  it('leaves no descriptor open and no zombie behind after 500 commands', async () => {
    const { pid = 0 } = bench.launcher;
    const count = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const some = (): Promise<unknown> => Promise.all([bench.run('echo x'), bench.run('echo y >&2 | true')]);
    await some();
    const before = count();
    for (let round = 0; round < 250; round += 1) await some();
    expect(count()).toBe(before);
    expect(zombiesOf(new Set([pid, ...descendantsOf(pid)]))).toEqual([]);
  });
});

function characters(from: number, to: number): string {
  let text = '';
  for (let code = from; code < to; code += 1) {
    const isSurrogate = code >= 0xd800 && code < 0xe000;
    if (!isSurrogate && code !== 0x27) text += String.fromCodePoint(code);
  }
  return text;
}
