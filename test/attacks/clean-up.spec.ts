import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { type ServerOptions, type TestServer, useServer } from '../support/server.js';
import { type Weakening, weakenedProgram } from './weakened.js';

interface Attack {
  readonly name: string;
  readonly command: string;
  /** What removal is without the defence; absent where whatever removes would do. */
  readonly weakenings?: readonly Weakening[];
}

const FILE = 'execution/runner/remove-tree.js';
const BY_PATHS: readonly Weakening[] = [
  [
    FILE,
    'import { chmodSync',
    'import { readdirSync as list, rmdirSync as rmdir, unlinkSync as unlink, chmodSync',
  ],
  [
    FILE,
    'const top = mkdtempSync(',
    `const remove = (at) => {
      for (const entry of list(at, { withFileTypes: true })) (entry.isDirectory() ? remove : unlink)(\`\${at}/\${entry.name}\`);
      rmdir(at);
    };
    return remove(path);
    const top = mkdtempSync(`,
  ],
];
const NAMES_AS_TEXT: readonly Weakening[] = [
  [FILE, "opendirSync(directory, { encoding: 'buffer'", "opendirSync(directory, { encoding: 'utf8'"],
  [FILE, 'this.removeEntry(directory, entry.name)', 'this.removeEntry(directory, Buffer.from(entry.name))'],
];

const ATTACKS: readonly Attack[] = [
  {
    name: 'what nobody may enter',
    command: 'mkdir -p a/b/c && touch a/b/c/d && chmod 000 a/b/c a/b a .',
    weakenings: BY_PATHS,
  },
  {
    name: 'what is very deep',
    command: 'for i in $(seq 2100); do mkdir d && cd d || break; done',
    weakenings: BY_PATHS,
  },
  { name: 'names that are no text', command: 'touch "$(printf \'\\377\')"', weakenings: NAMES_AS_TEXT },
  { name: 'odd names', command: "touch -- -rf '*' \"$(printf 'new\\nline')\"" },
  { name: 'a great many', command: 'mkdir many && cd many && seq 20000 | xargs touch' },
  {
    name: 'a link in the place of its directory',
    command: 'd=$PWD && cd / && rmdir "$d" && ln -s /etc "$d"',
  },
];
/** As a user has it who is not root: modes hold. */
const OBEYS_MODES: Pick<ServerOptions, 'wrapper'> =
  process.getuid?.() === 0
    ? { wrapper: ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--'] }
    : {};

async function leftBehind({ dataDir }: TestServer): Promise<string[]> {
  const work = join(dataDir, 'work');
  const left = existsSync(work) ? await readdir(work, { recursive: true }) : [];
  return left.filter((name) => !/^\d+(\/files)?$/.test(name));
}

async function endOf({ client }: TestServer, command: string): Promise<void> {
  const job = await client.run(command);
  // What is deep takes a slow machine its time, and is gone before its job has ended.
  await client.waitForState(job, ['succeeded', 'failed'], { withinMs: 60_000 });
}

describe('what a command leaves behind', () => {
  const server = useServer(() => OBEYS_MODES);

  it.each(ATTACKS)('goes: $name', async ({ command }) => {
    await endOf(server(), command);
    await eventually(async () => {
      expect(await leftBehind(server())).toEqual([]);
    });
    expect(await server().client.answerOf('echo fine')).toBe('fine\n');
  });
});

// Without these, what is easily removed would count as an attack.
describe.each(ATTACKS.filter(({ weakenings }) => weakenings !== undefined))(
  'where removal is simple: $name',
  ({ command, weakenings = [] }) => {
    const weak = useServer(async () => ({ ...OBEYS_MODES, program: await weakenedProgram(weakenings) }));

    it('stays', async () => {
      await endOf(weak(), command);
      await eventually(() => {
        expect(weak().logs()).toContain('a working directory could not be removed');
      });
      expect(await leftBehind(weak())).not.toEqual([]);
    });
  },
);
