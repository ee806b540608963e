import { execFile } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** A copy to plant things in, so that nothing else that reads the sources meanwhile sees them. */
async function copyOfTheProject(): Promise<string> {
  const directory = await temporaryDirectory();
  for (const name of ['src', 'test/support', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
    await cp(join(ROOT, name), join(directory, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** The rules that `npm run lint` finds broken there. */
async function brokenRules(directory: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'lint:imports'], {
    cwd: directory,
  }).catch((error: unknown) => error as { stdout: string });
  return [...stdout.matchAll(/error (\S+):/g)].map(([, rule]) => rule ?? '');
}

describe('the law of imports', () => {
  it('is part of npm run lint', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts.lint).toContain('npm run lint:imports');
  });

  it('is kept by the sources, and broken where execution imports from jobs', async () => {
    const directory = await copyOfTheProject();
    expect(await brokenRules(directory)).toEqual([]);
    await writeFile(
      join(directory, 'src', 'execution', 'planted.ts'),
      "export { VISIBLE_STATES } from '../jobs/job.types.js';\n",
    );
    expect(await brokenRules(directory)).toEqual(['execution-knows-kernel-and-data-manager']);
  });
});
