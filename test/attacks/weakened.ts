import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ROOT = join(import.meta.dirname, '..', '..');
const BESIDE = ['node_modules', 'native', 'console', 'package.json'];

/** Where a defence lies in a built file, and what stands there once it is switched off. White space is as it comes. */
export type Weakening = readonly [file: string, defence: string, without: string];

/**
 * A copy of the built service without a defence, for the proof that the attack on it is one.
 * @returns the program that starts it
 * @throws Error where the defence is not, or no more, where it is said to be
 */
export async function weakenedProgram(weakenings: readonly Weakening[]): Promise<string> {
  const root = await temporaryDirectory();
  const dist = join(root, 'dist');
  await cp(join(ROOT, 'dist'), dist, { recursive: true });
  for (const name of BESIDE) await symlink(join(ROOT, name), join(root, name));
  for (const [file, defence, without] of weakenings) await weaken(join(dist, file), defence, without);
  return join(dist, 'main.js');
}

async function weaken(path: string, defence: string, without: string): Promise<void> {
  const [before, after, ...more] = (await readFile(path, 'utf8')).split(inAnyLayout(defence));
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`${path} does not have once: ${defence}`);
  await writeFile(path, `${before}${without}${after}`);
}

function inAnyLayout(code: string): RegExp {
  const words = code.split(/\s+/).map((word) => word.replaceAll(/[^\w\s]/g, String.raw`\$&`));
  return new RegExp(words.join(String.raw`\s*`));
}
