import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { instanceCgroup, isPopulated, killCgroup, processesIn, removeCgroup } from '../cgroups.js';
import { terminateProcesses } from '../terminate-processes.js';
import { type Cell, type CellMaker } from './cell.js';
import { Starter } from './starter.js';

/** A cgroup that each command enters before anything else: nothing in it leaves it without leave to write to others. */
export const cgroupCell: CellMaker = async (options) => {
  // One of v2, where there is such: its limits hold for what is below it.
  const ofPlace = options.cgroups.find((group) => existsSync(join(group, 'cgroup.events')));
  const parent = ofPlace ?? instanceCgroup(options.instance);
  if (parent === null) throw new Error('no cgroup v2 hierarchy is mounted');
  mkdirSync(parent, { recursive: true });
  const cgroup = mkdtempSync(join(parent, 'cell-'));
  const { starter: program, instance, outputFds, tether: wrapper, cgroups } = options;
  const starter = new Starter({ program, wrapper, mark: `${instance}/starter`, outputFds, cgroup, cgroups });
  const cell = new CgroupCell(starter, cgroup);
  try {
    await starter.ready;
  } catch (error) {
    await cell.dispose();
    throw error;
  }
  return cell;
};

class CgroupCell implements Cell {
  spent = false;
  /** Ids of processes that were asked to end. */
  private readonly met = new Set<number>();

  constructor(
    readonly starter: Starter,
    private readonly cgroup: string,
  ) {
    void starter.gone.then(() => (this.spent = true));
  }

  get starterPid(): number {
    return this.starter.pid;
  }

  begin(): void {
    // Whatever is in the cgroup is the command's.
    this.met.clear();
  }

  occupied(): boolean {
    return isPopulated(this.cgroup);
  }

  isAsMade(): boolean {
    return true;
  }

  terminate(): Promise<void> {
    return terminateProcesses(() => processesIn(this.cgroup), this.met);
  }

  kill(): Promise<void> {
    return killCgroup(this.cgroup);
  }

  async dispose(): Promise<void> {
    this.starter.end();
    await this.starter.gone;
    removeCgroup(this.cgroup);
  }
}
