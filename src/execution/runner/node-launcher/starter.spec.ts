import { expect, it } from '@jest/globals';
import { closeSync, openSync } from 'node:fs';
import { shellStarter } from './shell-starter.js';
import { Starter } from './starter.js';

it('a starter that hangs is given up, and gone', async () => {
  const nowhere = openSync('/dev/null', 'w');
  const hanging = { ...shellStarter, words: () => ['sleep', '1000'] };
  const starter = new Starter({
    program: hanging,
    wrapper: [],
    mark: 'test',
    outputFds: [nowhere, nowhere],
    cgroups: [],
  });
  await expect(starter.ready).rejects.toThrow('not ready within');
  await starter.gone;
  closeSync(nowhere);
}, 30_000);
