import { join } from 'node:path';
import { cgroupsOf, killCgroup, removeCgroup } from '../../execution/runner/cgroups.js';
import { endLeftovers, leftoversOf } from '../../execution/runner/leftovers.js';
import { removeTree } from '../../execution/runner/remove-tree.js';
import { type Check, type Disagreement } from '../check.js';
import { namesIn } from '../files/disk-files.js';

/** A data directory that no other process holds: nothing runs from it. */
export interface HeldDirectory {
  readonly work: string;
  readonly instanceId: string;
}

/** What commands left on this host. */
export function hostChecks(directory: HeldDirectory): Check[] {
  return [
    { name: 'processes of jobs that no server runs', find: () => strayProcesses(directory) },
    { name: 'working directories of jobs that no server runs', find: () => strayDirectories(directory) },
    { name: 'cgroups that no server uses', find: () => strayCgroups(directory) },
  ];
}

function* strayProcesses({ instanceId }: HeldDirectory): Generator<Disagreement> {
  for (const { pid } of leftoversOf(instanceId)) {
    yield {
      text: `Process ${String(pid)} belongs to a job, and to no server that runs.`,
      mend: async () => {
        await endLeftovers(instanceId);
      },
    };
  }
}

async function* strayDirectories({ work }: HeldDirectory): AsyncGenerator<Disagreement> {
  for (const name of await namesIn(work)) {
    yield {
      text: `Directory ${name} of ${work} belongs to no job that runs.`,
      mend: () => removeTree(join(work, name)),
    };
  }
}

function* strayCgroups({ instanceId }: HeldDirectory): Generator<Disagreement> {
  for (const cgroup of cgroupsOf(instanceId)) {
    yield {
      text: `Cgroup ${cgroup} is used by no server.`,
      mend: async () => {
        await killCgroup(cgroup);
        removeCgroup(cgroup);
      },
    };
  }
}
