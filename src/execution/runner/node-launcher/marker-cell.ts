import { endProcesses, withDescendants } from '../end-processes.js';
import { hasInEnvironment, listProcesses, type ProcessEntry } from '../process-table.js';
import { type LaunchOrder, MARK_VARIABLE } from '../protocol.js';
import { terminateProcesses } from '../terminate-processes.js';
import { lockLimitOfProcess } from '../lock-limit.js';
import { type Cell, type CellMaker } from './cell.js';
import { Starter } from './starter.js';

/**
 * For hosts that offer nothing better: a command's processes are those that have its mark among their limits or in their
 * environment, and whatever descends from them or from its session. Only who sheds all of that on purpose escapes.
 */
export const markerCell: CellMaker = async (options) => {
  const starter = new Starter({
    program: options.starter,
    wrapper: [...options.tether],
    mark: `${options.instance}/starter`,
    outputFds: options.outputFds,
    cgroups: options.cgroups,
  });
  await starter.ready;
  return new MarkerCell(starter);
};

class MarkerCell implements Cell {
  spent = false;
  /** Sessions seen belong to the command even after their first process is gone. */
  private readonly sessions = new Set<number>();
  /** Ids of processes that were asked to end. */
  private readonly met = new Set<number>();
  /** As it stands in the environment, and RLIMIT_LOCKS. */
  private mark: { readonly variable: string; readonly lockLimit: string } | null = null;

  constructor(readonly starter: Starter) {
    void starter.gone.then(() => (this.spent = true));
  }

  get starterPid(): number {
    return this.starter.pid;
  }

  begin({ environment, lockLimit }: LaunchOrder): void {
    const variable = environment.find((entry) => entry.startsWith(`${MARK_VARIABLE}=`));
    // Nothing would be the mark of strangers.
    if (variable === undefined) throw new Error('a command without a mark');
    this.mark = { variable, lockLimit };
    this.sessions.clear();
    this.met.clear();
  }

  occupied(): boolean {
    return this.select(listProcesses()).length > 0;
  }

  isAsMade(): boolean {
    return true;
  }

  terminate(): Promise<void> {
    return terminateProcesses(() => this.select(listProcesses()).map(({ pid }) => pid), this.met);
  }

  async kill(): Promise<void> {
    await endProcesses((processes) => this.select(processes));
  }

  dispose(): Promise<void> {
    this.starter.end();
    return this.starter.gone;
  }

  private select(processes: readonly ProcessEntry[]): ProcessEntry[] {
    const roots = processes.filter(({ pid, session }) => this.sessions.has(session) || this.isMarked(pid));
    // The starter runs one command at a time: all that descends from it is that command's.
    const found = withDescendants([this.starter.pid, ...roots.map(({ pid }) => pid)], processes);
    const command = found.filter(({ pid }) => pid !== this.starter.pid);
    for (const { pid, session } of command) if (session === pid) this.sessions.add(session);
    return command;
  }

  private isMarked(pid: number): boolean {
    if (this.mark === null) return false;
    const { variable, lockLimit } = this.mark;
    return lockLimitOfProcess(pid) === lockLimit || hasInEnvironment(pid, `${variable}\0`);
  }
}
