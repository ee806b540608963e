import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const SECRET = 'a secret of the host';
const server = useServer(() => ({}));

/** The contents of a job's outputs by their paths, once it has ended. */
async function outputsOf(
  command: string,
  globs: readonly string[] = ['**/*'],
): Promise<Record<string, string>> {
  const { client } = server();
  const job = await client.run({ command, output_files: globs, timeout: 20 });
  const { outputs } = await client.waitForState(job, ['succeeded', 'failed'], { withinMs: 40_000 });
  const contents = outputs.map(async ({ path, file_id: id }) => [
    path,
    (await client.download(id)).toString(),
  ]);
  return Object.fromEntries(await Promise.all(contents)) as Record<string, string>;
}

async function secretFile(): Promise<string> {
  const path = join(await temporaryDirectory(), 'secret');
  await writeFile(path, SECRET);
  return path;
}

describe('what a command puts in the place of its outputs', () => {
  it.each([
    ['a link to a file', (path: string) => `ln -s ${path} out`],
    ['a link in the place of a directory', (path: string) => `ln -s $(dirname ${path}) dir`],
    ['a link to the memory of a process', () => 'ln -s /proc/self/environ out'],
    ['a FIFO', () => 'mkfifo out'],
    ['a device', () => 'mknod out b 254 0; mknod out2 c 1 5; true'],
    [
      'a socket',
      () => 'node -e \'require("net").createServer().listen("out", () => process.exit())\' || true',
    ],
    ['a loop of links', () => 'ln -s b a; ln -s a b; ln -s . self'],
  ])('is left out: %s', async (_what, command) => {
    const outputs = await outputsOf(`${command(await secretFile())}; echo right > right`);
    expect(outputs).toEqual({ right: 'right\n' });
  });

  // Without this a link that leads nowhere would count as left out.
  it('is there for whoever follows it', async () => {
    const path = await secretFile();
    const follow = `ln -s ${path} out; ln -s $(dirname ${path}) dir; cat out dir/secret > got; rm out dir`;
    expect(await outputsOf(follow)).toEqual({ got: SECRET + SECRET });
  });

  it('is not what it becomes while the outputs are stored', async () => {
    const path = await secretFile();
    const swap = `(while :; do ln -sf ${path} out; rm -f out; echo own > out; done) & sleep 1; echo own > out`;
    const outputs = await outputsOf(swap);
    expect(JSON.stringify(outputs)).not.toContain(SECRET);
  });

  it('is as large as it says, and costs no more', async () => {
    const outputs = await outputsOf('truncate -s 8T sparse; echo right > right', ['right']);
    expect(outputs).toEqual({ right: 'right\n' });
  });

  it.each(['../**', '/etc/passwd', '/etc/*', './../x', 'a/../../x'])(
    'is not asked for by %s',
    async (glob) => {
      const { status } = await server().client.call('POST', '/run', {
        json: { command: 'true', output_files: [glob] },
      });
      expect(status).toBe(400);
    },
  );

  it('does not stop the service by a glob that tries everything', async () => {
    const { client } = server();
    const glob = `${'*a'.repeat(40)}b`;
    const job = await client.run({ command: `touch ${'a'.repeat(200)}`, output_files: [glob] });
    await client.waitForState(job, ['succeeded', 'failed'], { withinMs: 30_000 });
    expect((await client.call('GET', '/health/live', { withinMs: 2_000 })).status).toBe(200);
  });
});

describe('what a command leaves behind', () => {
  it.each([
    ['what nobody may enter', 'mkdir -p a/b/c && touch a/b/c/d && chmod 000 a/b/c a/b a .'],
    ['what is very deep', 'for i in $(seq 2000); do mkdir d && cd d || break; done'],
    ['a great many', 'mkdir many && cd many && seq 20000 | xargs touch'],
    ['odd names', "touch -- -rf '*' \"$(printf 'new\\nline')\" \"$(printf '\\377')\""],
  ])('goes: %s', async (_what, command) => {
    const { client, dataDir } = server();
    const job = await client.run(command);
    await client.waitForState(job, ['succeeded', 'failed'], { withinMs: 30_000 });
    await eventually(async () => {
      const work = join(dataDir, 'work');
      const left = existsSync(work) ? await readdir(work, { recursive: true }) : [];
      expect(left.filter((name) => !/^\d+(\/files)?$/.test(name))).toEqual([]);
    });
    expect((await client.answerOf('echo fine')).trim()).toBe('fine');
  });
});
