import { readlinkSync } from 'node:fs';
import { prefixOf } from './instance-names.js';
import { isAlive, readProcess } from './process-table.js';

const OF_A_PROCESS = /^job-manager-[0-9a-f]{16}-(\d+)-(\d+)-([1-9]\d*)$/;

/**
 * Names the cgroups that this process makes for an instance; no other process ever makes one of that name, so
 * whoever removes those of a dead one can't meet a living one.
 */
export function ownCgroupName(instance: string): string {
  const startTime = readProcess(process.pid)?.startTime ?? '0';
  return `${prefixOf(instance)}${processNamespace()}-${String(process.pid)}-${startTime}`;
}

/** Whether a process of that instance made it, this one or an earlier one. */
export function isOfInstance(name: string, instance: string): boolean {
  return name.startsWith(prefixOf(instance));
}

/** Whether the process that made it, whatever its instance, is known to be dead: one in another PID namespace never is. */
export function isAbandoned(name: string): boolean {
  const [, namespace, pid, startTime] = OF_A_PROCESS.exec(name) ?? [];
  if (startTime === undefined || namespace !== processNamespace()) return false;
  const found = readProcess(Number(pid));
  return found === null || !isAlive({ ...found, startTime });
}

/** Process ids say nothing outside of it. */
function processNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
}
