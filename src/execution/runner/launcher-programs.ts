import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LauncherProgram } from './launcher.js';
import { SYSTEM_PATH } from './protocol.js';

/** Made by `native/build.js` when the package is installed, where there is a C compiler. */
const NATIVE = fileURLToPath(new URL('../../../native/build/launcher', import.meta.url));
const NODE = 'node-launcher/main.js';

/** The programs, best first, of which one is to be used. */
export function programsToTry(forced: LauncherProgram | 'node' | undefined): readonly LauncherProgram[] {
  if (forced === 'node') return inNode();
  if (forced !== undefined) return [forced];
  return existsSync(NATIVE) ? ['native', ...inNode()] : inNode();
}

export function commandLineOf(program: LauncherProgram): readonly [string, ...string[]] {
  if (program === 'native') return [NATIVE];
  return [process.execPath, nodeEntry(), program === 'node-perl' ? 'perl' : 'shell'];
}

function inNode(): readonly LauncherProgram[] {
  const hasPerl = SYSTEM_PATH.split(':').some((directory) => existsSync(join(directory, 'perl')));
  return hasPerl ? ['node-perl', 'node-shell'] : ['node-shell'];
}

/** Beside this file where that is compiled; where it is run from source, as by the tests, what was built from it. */
function nodeEntry(): string {
  const beside = fileURLToPath(new URL(NODE, import.meta.url));
  return existsSync(beside) ? beside : beside.replace('/src/execution/', '/dist/execution/');
}
