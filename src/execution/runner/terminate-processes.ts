import { setTimeout as delay } from 'node:timers/promises';
import { readProcess, signalProcess } from './process-table.js';

const LOOK_AGAIN_MS = 1;
/** Whoever does not stop within that time is not waited for: it is all of a grace that may be short. */
const STOPPED_WITHIN_MS = 50;

/**
 * SIGTERM, then SIGCONT, to all that is found and was not met so before. They are stopped first: what they fork would be missed, and what they start
 * since they are to end must not be met. Whoever is just forking stops only after that, so it is seen to that they have.
 * @param find ids of processes, parents before their children; asked again until it finds no others
 * @param met ids of those that have got one, to which these are added
 */
export async function terminateProcesses(
  find: () => readonly number[],
  met = new Set<number>(),
): Promise<void> {
  const found = new Set<number>();
  for (const until = performance.now() + STOPPED_WITHIN_MS; performance.now() < until;) {
    const areHalted = [...found].every(isHalted);
    const fresh = find().filter((pid) => !met.has(pid));
    if (fresh.length === 0 && areHalted) break;
    for (const pid of fresh) {
      signalProcess(pid, 'SIGSTOP');
      found.add(pid);
      met.add(pid);
    }
    if (fresh.length === 0) await delay(LOOK_AGAIN_MS);
  }
  for (const pid of found) signalProcess(pid, 'SIGTERM');
  // The youngest first: whoever loses its parent while it is stopped gets a SIGHUP from the kernel.
  for (const pid of [...found].reverse()) signalProcess(pid, 'SIGCONT');
}

/** It will fork no more; so will not what is dead. */
function isHalted(pid: number): boolean {
  const entry = readProcess(pid);
  return entry === null || entry.zombie || entry.halted;
}
