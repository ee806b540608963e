import { readFileSync } from 'node:fs';
import { withDescendants } from '../end-processes.js';
import { listProcesses } from '../process-table.js';
import { terminateProcesses } from '../terminate-processes.js';

interface Enclosed {
  readonly pid: number;
  /** As it is known within. */
  readonly inner: number;
}

/**
 * Whether a command runs in a sandbox that this starter has started. Before, a signal would meet what makes the sandbox, or what
 * the first process has forked and is not the command yet: that still has its handler, which swallows a SIGTERM.
 */
export function hasEnclosedCommand(starter: number): boolean {
  const [first, ...others] = enclosedBy(starter);
  if (first?.inner !== 1) return false;
  const ofFirst = commandLineOf(first.pid);
  return others.some(({ pid }) => commandLineOf(pid) !== ofFirst);
}

/** All in the sandbox, the first process before the others. */
export function terminateEnclosed(starter: number): Promise<void> {
  return terminateProcesses(() => enclosedBy(starter).map(({ pid }) => pid));
}

function enclosedBy(starter: number): Enclosed[] {
  const outside = idsOf(starter).length;
  return withDescendants([starter], listProcesses())
    .map(({ pid }) => ({ pid, ids: idsOf(pid) }))
    .filter(({ ids }) => ids.length > outside)
    .map(({ pid, ids }) => ({ pid, inner: ids[outside] ?? 0 }))
    .sort((one, other) => one.inner - other.inner);
}

/** Empty where it is gone. */
function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
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
