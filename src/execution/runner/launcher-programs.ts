import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LauncherProgram } from './launcher.js';

/** Made by `native/build.js` when the package is installed, where there is a C compiler. */
const NATIVE = fileURLToPath(new URL('../../../native/build/launcher', import.meta.url));
const NODE = 'node-launcher/main.js';

/** The programs, best first, of which one is to be used. */
export function programsToTry(forced: LauncherProgram | undefined): readonly LauncherProgram[] {
  if (forced !== undefined) return [forced];
  return existsSync(NATIVE) ? ['native', 'node'] : ['node'];
}

export function commandLineOf(program: LauncherProgram): readonly [string, ...string[]] {
  return program === 'native' ? [NATIVE] : [process.execPath, nodeEntry()];
}

/** Beside this file where that is compiled; where it is run from source, as by the tests, what was built from it. */
function nodeEntry(): string {
  const beside = fileURLToPath(new URL(NODE, import.meta.url));
  return existsSync(beside) ? beside : beside.replace('/src/execution/', '/dist/execution/');
}
