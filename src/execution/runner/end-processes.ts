import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, listProcesses, type ProcessEntry, readProcess, signalProcess } from './process-table.js';

const LOOK_AGAIN_MS = 5;

/** Picks from all processes those that are meant; called again and again until it finds none. */
export type Selection = (processes: readonly ProcessEntry[]) => readonly ProcessEntry[];

/**
 * Kills all that the selection finds, and what that forked meanwhile: everything found is stopped first, so that a
 * fork loop can't outrun the search. Resolves once none of it is alive, with how many there were.
 */
export async function endProcesses(select: Selection): Promise<number> {
  const found = new Map<string, ProcessEntry>();
  for (;;) {
    const fresh = freshOf(select, found);
    for (const entry of fresh) {
      found.set(identity(entry), entry);
      signalWithGroup(entry, 'SIGSTOP');
    }
    if (fresh.length > 0) continue;
    const alive = [...found.values()].filter(isAlive);
    if (alive.length === 0) return found.size;
    for (const entry of alive) signalWithGroup(entry, 'SIGKILL');
    await delay(LOOK_AGAIN_MS);
  }
}

/** The processes of the selection and all that descends from them, without this one and its ancestors. */
export function withDescendants(roots: Iterable<number>, processes: readonly ProcessEntry[]): ProcessEntry[] {
  const chosen = new Set(roots);
  let before: number;
  do {
    before = chosen.size;
    for (const { pid, parent } of processes) if (chosen.has(parent)) chosen.add(pid);
  } while (chosen.size > before);
  const own = ancestry(processes);
  return processes.filter(({ pid, zombie }) => chosen.has(pid) && !own.has(pid) && !zombie);
}

function freshOf(select: Selection, found: ReadonlyMap<string, ProcessEntry>): ProcessEntry[] {
  return select(listProcesses()).filter((entry) => !entry.zombie && !found.has(identity(entry)));
}

// A process that forks and exits faster than /proc can be read is met only by a signal to its whole group.
function signalWithGroup({ pid, group }: ProcessEntry, signal: NodeJS.Signals): void {
  if (group > 1 && group !== readProcess(process.pid)?.group) signalProcess(-group, signal);
  signalProcess(pid, signal);
}

function identity({ pid, startTime }: ProcessEntry): string {
  return `${pid}@${startTime}`;
}

function ancestry(processes: readonly ProcessEntry[]): Set<number> {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const own = new Set<number>();
  for (let pid = process.pid; pid > 0 && !own.has(pid); pid = parents.get(pid) ?? 0) own.add(pid);
  return own;
}
