import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../kernel/errors.js';
import { ownCgroupName } from '../cgroup-names.js';

/** What is counted and limited by cgroups. */
export type Controller = 'memory' | 'pids' | 'cpuacct';

/** Where the cgroups of an instance lie for one controller. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Holds a directory for each place. */
  readonly directory: string;
}

export interface FoundHierarchies {
  readonly found: Readonly<Partial<Record<Controller, Hierarchy>>>;
  /** Why some are not there; empty where all are. */
  readonly faults: readonly string[];
}

const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpuacct'];
/** Of cgroup v2, which counts time in any case. */
const TO_BE_ENABLED = '+memory +pids';

/** Makes them below this process's own: v1 where the controller is mounted so, else v2. */
export function makeHierarchies(instance: string): FoundHierarchies {
  const found: Partial<Record<Controller, Hierarchy>> = {};
  const faults: string[] = [];
  const name = ownCgroupName(instance);
  let unified: string | undefined;
  for (const controller of CONTROLLERS) {
    try {
      const own = ownDirectoryV1(controller);
      if (own !== undefined) {
        found[controller] = { version: 1, directory: made(join(own, name)) };
      } else {
        unified ??= makeUnified(name);
        found[controller] = { version: 2, directory: unified };
      }
    } catch (error) {
      faults.push(`${controller}: ${messageOf(error)}`);
    }
  }
  return { found, faults };
}

function ownDirectoryV1(controller: Controller): string | undefined {
  const mount = mountWhere((type, options) => type === 'cgroup' && options.includes(controller));
  if (mount === undefined) return undefined;
  const line = ownCgroups().find(([, controllers]) => controllers?.split(',').includes(controller));
  return join(mount, line?.[2] ?? '/');
}

/** Below this process's own where that holds no process itself, as the kernel wants it; else beside it. */
function makeUnified(name: string): string {
  const mount = mountWhere((type) => type === 'cgroup2');
  if (mount === undefined) throw new Error('no cgroup hierarchy with this controller is mounted');
  const own = join(mount, ownCgroups().find(([id]) => id === '0')?.[2] ?? '/');
  const faults: string[] = [];
  for (const parent of own === mount ? [own] : [own, dirname(own)]) {
    try {
      writeFileSync(join(parent, 'cgroup.subtree_control'), TO_BE_ENABLED);
      const directory = made(join(parent, name));
      writeFileSync(join(directory, 'cgroup.subtree_control'), TO_BE_ENABLED);
      return directory;
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  throw new Error(faults.join('; '));
}

function mountWhere(isMeant: (type: string, options: readonly string[]) => boolean): string | undefined {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type = '', options = '']) => isMeant(type, options.split(',')))?.[1];
}

/** Of this process: number of the hierarchy, controllers, path. */
function ownCgroups(): string[][] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .map((line) => /^(\d+):([^:]*):(.*)$/.exec(line)?.slice(1) ?? []);
}

function made(directory: string): string {
  mkdirSync(directory, { recursive: true });
  return directory;
}
