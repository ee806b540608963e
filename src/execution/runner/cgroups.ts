import { type Dirent, existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAbandoned, isOfInstance, ownCgroupName } from './cgroup-names.js';
import { signalProcess } from './process-table.js';

const LOOK_AGAIN_MS = 2;

/** Where this process has the cgroups of an instance, or null where no cgroup v2 hierarchy is mounted. */
export function instanceCgroup(instance: string): string | null {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type]) => type === 'cgroup2')?.[1];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
  if (mount === undefined || own === undefined) return null;
  return join(mount, own, ownCgroupName(instance));
}

/** Those of an instance that are there, in all hierarchies, whichever process made them. */
export function cgroupsOf(instance: string): string[] {
  return cgroupsWhere((name) => isOfInstance(name, instance));
}

/** Those of all instances whose process is dead, say since it was killed and never started again. */
export function abandonedCgroups(): string[] {
  return cgroupsWhere(isAbandoned);
}

function cgroupsWhere(isMeant: (name: string) => boolean): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path = '']) => path);
  return mounts.flatMap((mount) => groupsWhere(isMeant, mount));
}

function groupsWhere(isMeant: (name: string) => boolean, directory: string): string[] {
  return directoriesIn(directory).flatMap((group) =>
    isMeant(basename(group)) ? [group] : groupsWhere(isMeant, group),
  );
}

/** True while a process is alive in it or below it. */
export function isPopulated(cgroup: string): boolean {
  try {
    return readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('populated 1');
  } catch {
    // Gone, or of v1, which has no such file.
    return processesIn(cgroup).length > 0;
  }
}

/** Every process in it and below it; none where it is gone. */
export function processesIn(cgroup: string): number[] {
  return [cgroup, ...groupsBelow(cgroup)].flatMap(membersOf);
}

function membersOf(cgroup: string): number[] {
  try {
    return readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    // A server that starts beside this one may remove what is empty.
    if (isGone(error)) return [];
    throw error;
  }
}

/** The kernel says the latter of a file that was open, or is read, while its cgroup goes. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENODEV';
}

/** SIGKILL to all in it and below it, in v2 in one step of the kernel's; resolves once none is alive. */
export async function killCgroup(cgroup: string): Promise<void> {
  while (isPopulated(cgroup)) {
    if (existsSync(join(cgroup, 'cgroup.kill'))) writeFileSync(join(cgroup, 'cgroup.kill'), '1');
    // Some kernels miss a process whose first thread has ended.
    for (const pid of processesIn(cgroup)) signalProcess(pid, 'SIGKILL');
    await delay(LOOK_AGAIN_MS);
  }
}

/** Removes an empty cgroup and those that commands made in it; one that is not there is no error. */
export function removeCgroup(cgroup: string): void {
  for (const group of [...groupsBelow(cgroup).reverse(), cgroup]) {
    try {
      rmdirSync(group);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

/** Parents before children. */
function groupsBelow(cgroup: string): string[] {
  return directoriesIn(cgroup).flatMap((group) => [group, ...groupsBelow(group)]);
}

function directoriesIn(cgroup: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(cgroup, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(cgroup, entry.name));
}
