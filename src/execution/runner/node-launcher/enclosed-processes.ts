import { readFileSync } from 'node:fs';
import { withDescendants } from '../end-processes.js';
import { listProcesses, signalProcess } from '../process-table.js';

interface Enclosed {
  readonly pid: number;
  /** As it is known within. */
  readonly inner: number;
}

/** Whether a command runs in a sandbox that this shell has started; before, a signal would meet what makes it. */
export function hasEnclosedCommand(shell: number): boolean {
  return enclosedBy(shell).some(({ inner }) => inner > 1);
}

/**
 * SIGTERM, then SIGCONT, to all in the sandbox, the first process before the others. They are stopped meanwhile: what they fork
 * would be missed, and what they start since they are to end must not be met.
 */
export function terminateEnclosed(shell: number): void {
  const found = new Set<number>();
  for (let fresh = enclosedBy(shell); fresh.length > 0;) {
    for (const { pid } of fresh) {
      signalProcess(pid, 'SIGSTOP');
      found.add(pid);
    }
    fresh = enclosedBy(shell).filter(({ pid }) => !found.has(pid));
  }
  for (const pid of found) signalProcess(pid, 'SIGTERM');
  // The youngest first: whoever loses its parent while it is stopped gets a SIGHUP from the kernel.
  for (const pid of [...found].reverse()) signalProcess(pid, 'SIGCONT');
}

function enclosedBy(shell: number): Enclosed[] {
  const outside = idsOf(shell).length;
  return withDescendants([shell], listProcesses())
    .map(({ pid }) => ({ pid, ids: idsOf(pid) }))
    .filter(({ ids }) => ids.length > outside)
    .map(({ pid, ids }) => ({ pid, inner: ids[outside] ?? 0 }))
    .sort((one, other) => one.inner - other.inner);
}

/** Of one process in each namespace, from that of this process to its own. */
function idsOf(pid: number): number[] {
  try {
    const ids = /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
    return ids.trim().split(/\s+/).map(Number);
  } catch {
    // Gone meanwhile.
    return [];
  }
}
