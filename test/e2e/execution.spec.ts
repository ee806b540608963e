import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { findProgram } from '../support/run/programs.js';
import { nothingAliveWith, noWorkingDirectoryIn, uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const SUM_IN_C = `
#include <stdio.h>
int main(int count, char **paths) {
  long sum = 0, number;
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(paths[i], "r");
    if (!file) return 1;
    while (fscanf(file, "%ld", &number) == 1) sum += number;
    fclose(file);
  }
  printf("%ld\\n", sum);
  return 0;
}`;
const SUM_IN_SHELL = `#!/bin/sh
sum=0
for number in $(cat "$@"); do sum=$((sum + number)); done
echo $sum
`;

/** A program that prints the sum of the numbers in the files it is given; compiled where there is a compiler. */
async function summingProgram(): Promise<Uint8Array<ArrayBuffer>> {
  const compiler = findProgram('gcc', 'cc', 'clang');
  if (!compiler) return new TextEncoder().encode(SUM_IN_SHELL);
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'sum.c'), SUM_IN_C);
  await promisify(execFile)(compiler, ['-o', join(directory, 'sum'), join(directory, 'sum.c')]);
  return new Uint8Array(await readFile(join(directory, 'sum')));
}

describeOnDatabases('a job', (database) => {
  const server = useServer(() => ({ database, env: { AGENT_CONCURRENCY: '4' } }));

  describe('with files', () => {
    it('runs a compiled binary on two input files', async () => {
      const { client } = server();
      const binary = await client.upload(await summingProgram(), 'sum');
      const inputs = [await client.upload('1 2 3\n', 'a'), await client.upload('40\n', '../../b')];
      const job = { command: '"$BINARY" "$INPUT_1" "$INPUT_2"', binary, input_files: inputs };
      expect(await client.answerOf(job)).toBe('46\n');
      const names = 'echo "$INPUT_FILES"; basename "$BINARY"; ls -A "$PWD"';
      const answer = await client.answerOf({ ...job, command: names });
      expect(answer).toBe([inputs.join(' '), binary, ...[...inputs, binary].sort(), ''].join('\n'));
    });

    it('stages a repeated file once', async () => {
      const { client } = server();
      const file = await client.upload('x');
      expect(await client.answerOf({ command: 'ls -A', input_files: [file, file] })).toBe(`${file}\n`);
    });

    it('stores what the globs name, by path, size and bytes', async () => {
      const { client } = server();
      const jobId = await client.run({
        command:
          'mkdir -p deep/er; echo 1 > a.txt; echo 22 > deep/er/b.csv; echo 3 > c.log; ln -s /etc/passwd d.txt',
        output_files: ['*.txt', 'deep/**/*.csv', 'nothing*'],
      });
      const { outputs } = await client.waitForState(jobId, ['succeeded']);
      const byPath = new Map(outputs.map((output) => [output.path, output]));
      expect([...byPath.keys()].sort()).toEqual(['a.txt', 'deep/er/b.csv']);
      expect(byPath.get('deep/er/b.csv')?.size).toBe(3);
      expect((await client.download(String(byPath.get('a.txt')?.file_id))).toString()).toBe('1\n');
      await noWorkingDirectoryIn(server().dataDir);
    });
  });

  describe('ends', () => {
    it('failed with its answer, its standard error and its exit code', async () => {
      const { client } = server();
      const jobId = await client.run('echo out; echo err >&2; exit 3');
      const info = await client.waitForState(jobId, ['failed']);
      expect(info).toMatchObject({
        exit_code: 3,
        signal: null,
        reason: expect.stringMatching(/3/),
      });
      expect((await client.download(String(info.answer_id))).toString()).toBe('out\n');
      expect((await client.download(String(info.stderr_id))).toString()).toBe('err\n');
    });

    it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'])('failed by %s', async (signal) => {
      const { client } = server();
      const jobId = await client.run(`echo before; kill -${signal.slice(3)} $$`);
      const info = await client.waitForState(jobId, ['failed']);
      expect(info).toMatchObject({ exit_code: null, signal });
      expect((await client.download(String(info.answer_id))).toString()).toBe('before\n');
    });

    it('failed at its timeout, with nothing of it alive', async () => {
      const { client } = server();
      const seconds = uniqueSleep();
      const jobId = await client.run({ command: `echo before; setsid sleep ${seconds}`, timeout: 1 });
      const info = await client.waitForState(jobId, ['failed']);
      expect(info.reason).toMatch(/time/i);
      await nothingAliveWith(seconds);
    });

    it('with what it left in the background', async () => {
      const { client } = server();
      const seconds = uniqueSleep();
      await client.answerOf(`setsid sleep ${seconds} >/dev/null 2>&1 & (sleep ${seconds} &) ; echo done`);
      await nothingAliveWith(seconds);
    });

    it('with an empty answer where it printed nothing', async () => {
      expect(await server().client.answerOf('true')).toBe('');
    });
  });

  describe('is given', () => {
    it('its own environment, and nothing of the service', async () => {
      const env = { GREETING: 'say "hi"\n\'twice\' $HOME ü', EMPTY: '' };
      const { client } = server();
      expect(await client.answerOf({ command: 'printf %s "$GREETING"; printf "%s" "[$EMPTY]"', env })).toBe(
        `${env.GREETING}[]`,
      );
      const variables = await client.answerOf('env');
      expect(variables).not.toMatch(/^(DATABASE_URL|DATA_DIR|PORT|NODE_\w+)=/m);
    });

    it('no descriptor but its three', async () => {
      expect(await server().client.answerOf('ls /proc/$$/fd; readlink /proc/$$/fd/0')).toBe(
        '0\n1\n2\n/dev/null\n',
      );
    });

    it('an empty working directory of its own', async () => {
      expect(await server().client.answerOf('ls -A; touch mine; ls -A')).toBe('mine\n');
      expect(await server().client.answerOf('ls -A')).toBe('');
    });
  });

  describe('is tried again', () => {
    it('with retry_on_failure until it succeeds', async () => {
      const { client } = server();
      const log = join(await temporaryDirectory(), 'log');
      const jobId = await client.run({
        command: `echo x >> ${log}; [ $(wc -l < ${log}) -ge 3 ] && echo third`,
        retries: 5,
        retry_on_failure: true,
      });
      const info = await client.waitForState(jobId, ['succeeded'], { withinMs: 30_000 });
      expect(info).toMatchObject({ attempt: 3, exit_code: 0 });
      expect((await client.download(String(info.answer_id))).toString()).toBe('third\n');
      expect(await readFile(log, 'utf8')).toBe('x\nx\nx\n');
    });

    it('no more often than it was asked for, and not at all unless asked', async () => {
      const { client } = server();
      const log = join(await temporaryDirectory(), 'log');
      const command = `echo x >> ${log}; exit 1`;
      const twice = await client.run({ command, retries: 1, retry_on_failure: true });
      const info = await client.waitForState(twice, ['failed'], { withinMs: 30_000 });
      expect(info).toMatchObject({ attempt: 2, exit_code: 1 });
      expect(await readFile(log, 'utf8')).toBe('x\nx\n');
      const once = await client.waitForState(await client.run({ command, retries: 5 }), ['failed']);
      expect(once.attempt).toBe(1);
      expect(await readFile(log, 'utf8')).toBe('x\nx\nx\n');
    });
  });
});

describe('a command that reaches for the files in which its output is kept', () => {
  const server = useServer(() => ({ env: { AGENT_CONCURRENCY: '1' } }));

  it.each([
    ['removes them', 'rm ../stdout'],
    ['puts a pipe in their place', 'rm ../stdout; mkfifo ../stdout'],
    ['puts a link in their place', 'rm ../stdout; ln -s /etc/passwd ../stdout'],
    ['adds to them', 'echo more >> ../stdout'],
  ])('fails where it %s, once, and hurts nobody else', async (_what, command) => {
    const { client } = server();
    // What is less is told with the end, and lies in no file.
    const much = 'head -c 100000 /dev/zero; until [ $(wc -c <../stdout) -eq 100000 ]; do sleep 0.01; done';
    const info = await client.waitForState(await client.run(`${much}; ${command}`), ['failed']);
    expect(info).toMatchObject({ attempt: 1, answer_id: null });
    expect(info.reason).toMatch(/^The command changed the file in which its stdout was kept/);
    expect(await client.answerOf('echo fine')).toBe('fine\n');
    await noWorkingDirectoryIn(server().dataDir);
  });
});

describeOnDatabases('jobs that wait', (database) => {
  const server = useServer(() => ({ database, env: { AGENT_CONCURRENCY: '1' } }));

  it('run by priority, then by age', async () => {
    const { client } = server();
    const directory = await temporaryDirectory();
    const gate = join(directory, 'gate');
    const log = join(directory, 'log');
    const first = await client.run(`until [ -e ${gate} ]; do sleep 0.05; done`);
    await client.waitForState(first, ['running']);
    const ids: string[] = [];
    for (const [name, priority] of Object.entries({
      low: -5,
      plain: 0,
      high: 7,
      alsoPlain: 0,
      alsoHigh: 7,
    })) {
      ids.push(await client.run({ command: `echo ${name} >> ${log}`, priority }));
    }
    await writeFile(gate, '');
    for (const id of ids) await client.waitForState(id, ['succeeded']);
    expect((await readFile(log, 'utf8')).split('\n')).toEqual([
      ...['high', 'alsoHigh', 'plain', 'alsoPlain', 'low'],
      '',
    ]);
  });
});
