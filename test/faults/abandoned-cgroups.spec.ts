import { expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { ownCgroupName } from '../../src/execution/runner/cgroup-names.js';
import { cgroupsOf } from '../../src/execution/runner/cgroups.js';
import { makeHierarchies } from '../../src/execution/runner/limits/hierarchies.js';
import { endLeftovers, removeAbandonedCgroups } from '../../src/execution/runner/leftovers.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { eventually } from '../support/eventually.js';
import { processesWith } from '../support/processes.js';
import { startServer, type TestServer } from '../support/server.js';
import { describeIf } from '../support/services.js';

const STARTS = 500;
const REMOVES_ALL_THE_TIME = `
const { removeCgroup } = await import('${new URL('../../dist/execution/runner/cgroups.js', import.meta.url).href}');
console.log('ready');
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
  process.argv.slice(1).forEach(removeCgroup);
}
`;

/** The directories of this process's own, in which a server has its cgroups; removed again. */
function parentsHere(): string[] {
  const { found } = makeHierarchies(randomUUID());
  const made = [...new Set(Object.values(found).map(({ directory }) => directory))];
  for (const directory of made) rmdirSync(directory);
  return made.map((directory) => dirname(directory));
}

const parents = parentsHere();
const [parent = ''] = parents;

const groupsOf = async ({ dataDir }: TestServer): Promise<string[]> =>
  cgroupsOf((await readFile(join(dataDir, 'instance-id'), 'utf8')).trim());

function madeUnder(name: string): string {
  const cgroup = join(parent, name);
  mkdirSync(join(cgroup, '0'), { recursive: true });
  atEndOfFile(() => {
    for (const directory of [join(cgroup, '0'), cgroup]) rmdirSync(directory);
  });
  return cgroup;
}

function suite(): void {
  it.each(['native', 'node'])(
    'those of a killed server go at the start of any other (%s)',
    async (LAUNCHER) => {
      const env = { LAUNCHER, AGENT_CONCURRENCY: '2' };
      const [killed, living] = [await startServer({ env }), await startServer({ env })];
      const limited = { command: 'cat /proc/self/cgroup', limits: { pids: 10 } };
      await killed.client.answerOf(limited);
      const left = await groupsOf(killed);
      const kept = await groupsOf(living);
      expect(left.length).toBeGreaterThanOrEqual(parents.length);
      expect(kept.length).toBeGreaterThanOrEqual(parents.length);
      await killed.kill();
      await eventually(async () => {
        expect(await processesWith(killed.dataDir)).toEqual([]);
      });
      await startServer({ env });
      expect(await groupsOf(killed)).toEqual([]);
      expect(await groupsOf(living)).toEqual(kept);
      expect(await living.client.answerOf(limited)).toContain(basename(kept[0] ?? 'none'));
    },
  );

  it('those that another start removes just then stop no start', async () => {
    const instance = randomUUID();
    const left = parents.map((path) => join(path, ownCgroupName(instance).replace(/\d+$/, '1')));
    const other = spawn(process.execPath, ['--input-type=module', '-e', REMOVES_ALL_THE_TIME, ...left]);
    const ended = once(other, 'exit');
    try {
      await once(other.stdout, 'data');
      for (let start = 0; start < STARTS; start += 1) {
        for (const cgroup of left) mkdirSync(join(cgroup, '0'), { recursive: true });
        await endLeftovers(instance);
        expect(cgroupsOf(instance)).toEqual([]);
      }
    } finally {
      other.kill();
      await ended;
    }
  });

  it('those of processes that live, or of which nobody can tell, stay', () => {
    const [own = '', namespace = '', pid = ''] =
      /^(?:.*)-(\d+)-(\d+)-\d+$/.exec(ownCgroupName(randomUUID())) ?? [];
    const prefix = own.split('-').slice(0, 3).join('-');
    const kept = [
      own,
      `${prefix}-${namespace}1-${pid}-1`,
      `${prefix}-${namespace}-${pid}-0`,
      prefix,
      `${prefix}-other`,
    ].map(madeUnder);
    const gone = join(parent, `${prefix}-${namespace}-${pid}-1`);
    mkdirSync(join(gone, '0'), { recursive: true });
    removeAbandonedCgroups();
    expect(kept.filter((cgroup) => !existsSync(join(cgroup, '0')))).toEqual([]);
    expect(existsSync(gone)).toBe(false);
  });
}

describeIf(parent !== '', { name: 'cgroups that nobody needs any more', lacking: 'no cgroups here', suite });
