import { cgroupsOf, killCgroup, removeCgroup } from './cgroups.js';
import { endProcesses, withDescendants } from './end-processes.js';
import { hasLockLimitOf } from './lock-limit.js';
import { hasInEnvironment, type ProcessEntry } from './process-table.js';
import { MARK_VARIABLE } from './protocol.js';

/**
 * Kills every process that a launcher of this instance started and left behind, and those launchers themselves.
 * Killing a namespace's first process kills all in it; it counts as alive until the last of them is gone.
 * @param instance identity of the data directory, as given to the launcher
 * @returns how many processes that were, once nothing of it is alive
 */
export async function endLeftovers(instance: string): Promise<number> {
  const mark = `${MARK_VARIABLE}=${instance}/`;
  const hasLimit = hasLockLimitOf(instance);
  const isMarked = ({ pid }: ProcessEntry): boolean => hasInEnvironment(pid, mark) || hasLimit(pid);
  const count = await endProcesses((processes) => {
    const marked = processes.filter(isMarked).map(({ pid }) => pid);
    return withDescendants(marked, processes);
  });
  for (const cgroup of cgroupsOf(instance)) {
    await killCgroup(cgroup);
    removeCgroup(cgroup);
  }
  return count;
}
