import { abandonedCgroups, cgroupsOf, isPopulated, killCgroup, removeCgroup } from './cgroups.js';
import { endProcesses, type Selection, withDescendants } from './end-processes.js';
import { hasLockLimitOf } from './lock-limit.js';
import { hasInEnvironment, listProcesses, type ProcessEntry } from './process-table.js';
import { MARK_VARIABLE } from './protocol.js';
import { removeScratch } from './scratch.js';

/**
 * Kills every process that a launcher of this instance started and left behind, and those launchers themselves.
 * Killing a namespace's first process kills all in it; it counts as alive until the last of them is gone.
 * @param instance identity of the data directory, as given to the launcher
 * @returns how many processes that were, once nothing of it is alive
 */
export async function endLeftovers(instance: string): Promise<number> {
  const count = await endProcesses(selectionOf(instance));
  for (const cgroup of cgroupsOf(instance)) {
    await killCgroup(cgroup);
    removeCgroup(cgroup);
  }
  removeScratch(instance);
  return count;
}

/** What {@link endLeftovers} would kill, as far as it is seen now. */
export function leftoversOf(instance: string): readonly ProcessEntry[] {
  return selectionOf(instance)(listProcesses());
}

function selectionOf(instance: string): Selection {
  const mark = `${MARK_VARIABLE}=${instance}/`;
  const hasLimit = hasLockLimitOf(instance);
  const isMarked = ({ pid }: ProcessEntry): boolean => hasInEnvironment(pid, mark) || hasLimit(pid);
  return (processes) => {
    const marked = processes.filter(isMarked).map(({ pid }) => pid);
    return withDescendants(marked, processes);
  };
}

/**
 * Removes the empty cgroups that servers of other data directories left when they were killed; one in which something
 * is alive is left to its own launcher, or to the next start from its data directory.
 */
export function removeAbandonedCgroups(): void {
  for (const cgroup of abandonedCgroups()) {
    try {
      if (!isPopulated(cgroup)) removeCgroup(cgroup);
    } catch {
      // Another start removes it just now, or it is another user's to remove.
    }
  }
}
