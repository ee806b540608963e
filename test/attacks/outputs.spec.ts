import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError } from '../support/answers.js';
import { type Answer } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { type TestServer, useServer } from '../support/server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { type Weakening, weakenedProgram } from './weakened.js';

const SECRET = 'a secret of the host';
const server = useServer(() => ({}));

interface Attack {
  readonly name: string;
  /** @param path of a file of the host's */
  readonly command: (path: string) => string;
  /** Where the kernel stops it, however the service looks at it. */
  readonly stoppedAnyway?: true;
}

const ATTACKS: readonly Attack[] = [
  { name: 'a link to a file', command: (path) => `ln -s ${path} out` },
  { name: 'a link in the place of a directory', command: (path) => `ln -s $(dirname ${path}) dir` },
  { name: 'a link to the memory of a process', command: () => 'ln -s /proc/self/environ out' },
  { name: 'a FIFO', command: () => 'mkfifo out' },
  { name: 'a device', command: () => 'mknod out c 1 3' },
  { name: 'an endless device', command: () => 'mknod out c 1 5', stoppedAnyway: true },
  { name: 'a device that is not there', command: () => 'mknod out b 254 0', stoppedAnyway: true },
  {
    name: 'a socket',
    command: () => 'node -e \'require("net").createServer().listen("out", () => process.exit())\' || true',
    stoppedAnyway: true,
  },
  { name: 'a directory within itself', command: () => 'ln -s . self' },
  { name: 'a loop of links', command: () => 'ln -s b a; ln -s a b', stoppedAnyway: true },
];
/** What looks at outputs follows links, and asks for no regular file. */
const WITHOUT_LOOKING: readonly Weakening[] = [
  ['execution/runner/outputs.js', 'import { closeSync', 'import { statSync, closeSync'],
  [
    'execution/runner/outputs.js',
    'readdirSync(directory, { withFileTypes: true })',
    'readdirSync(directory).map((name) => Object.assign(statSync(join(directory, name)), { name }))',
  ],
  ['execution/runner/outputs.js', 'else if (entry.isFile()) yield', 'else yield'],
  ['execution/runner/outputs.js', '| constants.O_NOFOLLOW', ''],
  ['execution/runner/outputs.js', 'found.isFile() ?', 'true ?'],
];
/** What was looked at and what is stored may differ. */
const WITHOUT_COMPARING: readonly Weakening[] = [
  ['execution/runner/outputs.js', 'dev === found.dev && ino === found.ino', 'true'],
];
const WITHOUT_TIME_LIMIT: readonly Weakening[] = [
  ['execution/output-globs.port.js', 'timeout: MATCHING_MS', 'timeout: 8_000'],
];
const WITHOUT_GLOB_RULES: readonly Weakening[] = [
  ['execution/output-globs.port.js', "|| glob.startsWith('/')", ''],
  ['execution/output-globs.port.js', "if (glob.split(/[/\\\\{}(),|]/).includes('..')) return false;", ''],
];

const SURVIVORS_LIVE: Weakening = ['execution/runner/node-launcher/seat.js', 'await endSurvivors(run);', ''];
const SWAPS = 5;
const SWAPPER = `
const { renameSync, symlinkSync, writeFileSync } = require('node:fs');
const names = Array.from({ length: 200 }, (_, n) => 'out' + n);
for (let round = 0; ; round += 1) {
  for (const name of names) {
    writeFileSync('own', 'own');
    renameSync('own', name);
  }
  for (const name of names) {
    symlinkSync(process.argv[2], 'link');
    renameSync('link', name);
  }
  if (round === 1) writeFileSync('swapped', '');
}`;

/** Beyond this the service counts as stopped; what it needs is a fifth of a second. */
const STOPPED_MS = 4_000;

/** The contents of a job's outputs by their paths, once it has ended. */
async function outputsOf(
  command: string,
  { globs = ['**/*'], of = server() }: { globs?: readonly string[]; of?: TestServer | undefined } = {},
): Promise<Record<string, string>> {
  const { client } = of;
  const job = await client.run({ command, output_files: globs, timeout: 20 });
  const { outputs } = await client.waitForState(job, ['succeeded', 'failed'], { withinMs: 40_000 });
  const contents = outputs.map(async ({ path, file_id: id }) => [
    path,
    (await client.download(id)).toString(),
  ]);
  return Object.fromEntries(await Promise.all(contents)) as Record<string, string>;
}

/** What is stored while a process that the command left behind makes links of files and files of links. */
async function outputsBesideSwapper(of: TestServer): Promise<string> {
  const script = join(await temporaryDirectory(), 'swap.cjs');
  await writeFile(script, SWAPPER);
  const command = `'${process.execPath}' ${script} ${await secretFile()} & until [ -e swapped ]; do sleep 0.1; done`;
  return JSON.stringify(await outputsOf(command, { of }));
}

async function secretFile(): Promise<string> {
  const path = join(await temporaryDirectory(), 'secret');
  await writeFile(path, SECRET);
  return path;
}

/** What is stored of what the command puts there, beside an output as it should be. */
async function outputsBeside({ command }: Attack, of?: TestServer): Promise<Record<string, string>> {
  return outputsOf(`${command(await secretFile())}; echo right > right`, { of });
}

function askedFor(glob: string, { client }: TestServer): Promise<Answer> {
  return client.call('POST', '/run', { json: { command: 'true', output_files: [glob] } });
}

const GLOBS = ['../**', '/etc/passwd', '/etc/*', './../x', 'a/../../x'];

/** The longest that the service took to answer while it looked for outputs by a glob that tries everything, in ms. */
async function slowestBesideEvilGlob({ client }: TestServer): Promise<number> {
  const glob = `${'*a'.repeat(40)}b`;
  const job = await client.run({ command: `touch ${'a'.repeat(200)}`, output_files: [glob] });
  for (let slowest = 0; ;) {
    const asked = performance.now();
    const { state } = await client.info(job);
    slowest = Math.max(slowest, performance.now() - asked);
    if (state === 'succeeded' || state === 'failed') return slowest;
  }
}

describe('what a command puts in the place of its outputs', () => {
  it.each(ATTACKS)('is left out: $name', async (attack) => {
    expect(await outputsBeside(attack)).toEqual({ right: 'right\n' });
  });

  // Without this a link that leads nowhere would count as left out.
  it('is there for whoever follows it', async () => {
    const path = await secretFile();
    const follow = `ln -s ${path} out; ln -s $(dirname ${path}) dir; cat out dir/secret > got; rm out dir`;
    expect(await outputsOf(follow)).toEqual({ got: SECRET + SECRET });
  });

  it('is not what it becomes while the outputs are stored', async () => {
    for (let time = 0; time < SWAPS; time += 1)
      expect(await outputsBesideSwapper(server())).not.toContain(SECRET);
  });

  it('is as large as it says, and costs no more', async () => {
    const outputs = await outputsOf('truncate -s 8T sparse; echo right > right', {
      globs: ['right'],
    });
    expect(outputs).toEqual({ right: 'right\n' });
  });

  it.each(GLOBS)('is not asked for by %s', async (glob) => {
    expectError(await askedFor(glob, server()), 400);
  });

  it('does not stop the service by a glob that tries everything', async () => {
    expect(await slowestBesideEvilGlob(server())).toBeLessThan(STOPPED_MS);
  });
});

// Without these an attack that can't work at all would count as stopped.
describe('where outputs are not looked at', () => {
  const weak = useServer(async () => ({ program: await weakenedProgram(WITHOUT_LOOKING) }));

  it.each(ATTACKS.filter(({ stoppedAnyway }) => stoppedAnyway === undefined))(
    'is stored: $name',
    async (attack) => {
      expect(await outputsBeside(attack, weak())).not.toEqual({ right: 'right\n' });
    },
  );

  it('is stored: the very secret', async () => {
    const command = `ln -s ${await secretFile()} out`;
    expect(await outputsOf(command, { of: weak() })).toEqual({ out: SECRET });
  });
});

describe('where what a command leaves behind lives on, and outputs are not looked at', () => {
  const weak = useServer(async () => ({
    env: { LAUNCHER: 'node' },
    program: await weakenedProgram([...WITHOUT_LOOKING, ...WITHOUT_COMPARING, SURVIVORS_LIVE]),
  }));

  it('is stored: what a file becomes while the outputs are stored', async () => {
    await eventually(
      async () => {
        expect(await outputsBesideSwapper(weak())).toContain(SECRET);
      },
      { withinMs: 60_000 },
    );
  });
});

describe('where globs have no rules', () => {
  const weak = useServer(async () => ({ program: await weakenedProgram(WITHOUT_GLOB_RULES) }));

  it.each(GLOBS)('is asked for by %s', async (glob) => {
    expect((await askedFor(glob, weak())).status).toBe(201);
  });
});

describe('where matching may take its time', () => {
  const weak = useServer(async () => ({ program: await weakenedProgram(WITHOUT_TIME_LIMIT) }));

  it('does stop the service by a glob that tries everything', async () => {
    expect(await slowestBesideEvilGlob(weak())).toBeGreaterThan(STOPPED_MS);
  });
});
