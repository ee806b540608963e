import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type LauncherInForce } from '../../src/execution/runner/launcher.js';
import { faultOf } from '../contract/launcher.support.js';
import { compileCalls, Scene } from './sandbox/scene.js';

/** Each a program in `sandbox/`, which prints `GOT …` for all that it got. `npm run attack -- NAME` runs one. */
const ATTACKS = readdirSync(join(import.meta.dirname, 'sandbox'))
  .filter((file) => file.endsWith('.sh'))
  .map((file) => file.slice(0, -'.sh'.length));

const SANDBOXED: readonly LauncherInForce[] = [
  { program: 'native', containment: 'pid-namespace', sandbox: 'bubblewrap' },
  { program: 'node-perl', containment: 'pid-namespace', sandbox: 'bubblewrap' },
  { program: 'node-shell', containment: 'pid-namespace', sandbox: 'bubblewrap' },
];
/** What hides least. */
const BARE: LauncherInForce = { program: 'native', containment: 'subreaper', sandbox: 'none' };
/** The launcher stops them by itself. */
const STOPPED_ANYWAY = ['keep-descriptors'];

const calls = await compileCalls();
const gains = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith('GOT'));

async function describeOn(kind: LauncherInForce, suite: (scene: () => Scene) => void): Promise<void> {
  const name = `a command of the ${kind.program} launcher, sandbox: ${kind.sandbox}`;
  const lacking = calls === null ? 'no C compiler is here' : await faultOf(kind);
  if (lacking === null) {
    describe(name, () => {
      let scene: Scene;
      beforeAll(async () => {
        scene = await Scene.set(kind, calls ?? '');
      });
      suite(() => scene);
    });
  } else if (process.env.REQUIRE_SERVICES === '1') {
    it(name, () => {
      throw new Error(lacking);
    });
  } else {
    it.todo(`${name}: ${lacking}`);
  }
}

for (const kind of SANDBOXED)
  await describeOn(kind, (scene) => {
    it.each(ATTACKS)('is stopped: %s', async (attack) => {
      const lines = await scene().attack(attack);
      expect(gains(lines)).toEqual([]);
    });

    it('reaches the network where it may', async () => {
      const lines = await scene().attack('connect-to-ports', { network: true });
      expect(gains(lines)).toEqual(['GOT a port of the host']);
    });
  });

// Without this an attack that can't work at all would count as stopped.
if (process.getuid?.() === 0)
  await describeOn(BARE, (scene) => {
    it.each(ATTACKS.filter((attack) => !STOPPED_ANYWAY.includes(attack)))('succeeds: %s', async (attack) => {
      const lines = await scene().attack(attack);
      expect(gains(lines)).not.toEqual([]);
    });
  });
