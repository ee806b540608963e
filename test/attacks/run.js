// Runs the attacks one by one, or those whose name contains the argument: `npm run attack -- read-other-jobs`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const [name] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    ...['--runInBand', '--verbose', 'test/attacks', ...(name === undefined ? [] : ['-t', name])],
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
