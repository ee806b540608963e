import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/*
 * RLIMIT_LOCKS as a mark. Linux has ignored this limit since 2.4.25 (getrlimit(2)), yet hands it on to every child, whatever
 * that does to its environment, session, parent and descriptors; only root can raise it again. From the highest bit:
 * one that is always set, 31 of the instance's hash, 31 of the command's number.
 */
const ALWAYS = 1n << 62n;
const COMMAND_BITS = 31n;
const COMMAND_MASK = (1n << COMMAND_BITS) - 1n;

/** The limits, in decimal, that mark the commands of an instance, each by a number of its own, 0 or more. */
export function lockLimitsOf(instance: string): (command: number) => string {
  const prefix = prefixOf(instance);
  return (command) => (prefix | (BigInt(command) & COMMAND_MASK)).toString();
}

/** Whether a process carries the mark of any command of an instance. */
export function hasLockLimitOf(instance: string): (pid: number) => boolean {
  const prefix = prefixOf(instance);
  return (pid) => {
    const limit = lockLimitOfProcess(pid);
    return limit !== null && (BigInt(limit) & ~COMMAND_MASK) === prefix;
  };
}

/** In decimal; null where there is no limit, or no such process. */
export function lockLimitOfProcess(pid: number): string | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
    return /^Max file locks +\d+ +(\d+) /m.exec(limits)?.[1] ?? null;
  } catch {
    // Gone meanwhile.
    return null;
  }
}

function prefixOf(instance: string): bigint {
  const hash = createHash('sha256').update(instance).digest().readUInt32BE() >>> 1;
  return ALWAYS | (BigInt(hash) << COMMAND_BITS);
}
