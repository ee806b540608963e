import { type LaunchOrder } from '../protocol.js';
import { type ShellStatus } from './shell-status.js';

/** What a starter finds around it. */
export interface StarterSurroundings {
  /** Directory of the cgroup that each command enters before anything else, if any. */
  readonly cgroup?: string;
  /** Of those that the starter enters itself, for all that it starts. */
  readonly cgroups: readonly string[];
}

/**
 * What a starter is: a program that reads one order after the other from its standard input and says on its standard output,
 * in lines, how each ended: `F REASON` where it could not be started, and last `E NUMBER`. It says the same once it takes orders.
 * Descriptors 3 and 4 are where a command's output goes.
 */
export interface StarterProgram {
  /** Program and arguments. @throws Error where there is none for this machine */
  words(surroundings: StarterSurroundings): readonly string[];
  /** What it reads first. */
  opening(surroundings: StarterSurroundings): string;
  orderOf(order: LaunchOrder): string | Buffer;
  /** How a command ended that is in no sandbox, by the number of `E` and the lines before it. */
  statusOf(told: number, lines: readonly string[]): ShellStatus;
}

/** Seconds, 0: none. The time of the whole tree is watched from outside; this is for a process that nobody watches. */
export function ownCpuLimit({ cpuSeconds }: Pick<LaunchOrder, 'cpuSeconds'>): number {
  return cpuSeconds === 0 ? 0 : cpuSeconds + 1;
}
