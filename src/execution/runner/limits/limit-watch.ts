import { Logger } from '@nestjs/common';
import { type LimitName } from '../../limits.port.js';
import { type LaunchRequest } from '../launcher.js';
import { type PlaceCgroup } from './place-cgroup.js';
import { sizeOfTree } from './tree-size.js';

const FIRST_LOOK_MS = 20;
const LONGEST_PAUSE_MS = 200;
/** Looking at a directory may take a tenth of the time at the most. */
const PAUSES_PER_LOOK = 10;
/** A command may well try for a process in vain, and go on with fewer; one that never gives up is a bomb. */
export const MOST_REFUSED_FORKS = 100;

const logger = new Logger('Limits');

export interface Watched {
  readonly request: Pick<LaunchRequest, 'limits' | 'workingDirectory'>;
  readonly cgroup: PlaceCgroup;
  /** Called once, with the first limit that is met. */
  readonly onMet: (limit: LimitName) => void;
}

/** Looks again and again at what one command uses of what no rlimit can hold. */
export class LimitWatch {
  met: LimitName | null = null;
  /** Of one process, as far as it was seen. */
  mostOpenFiles = 0;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  private lookAtDiskFrom = 0;

  constructor(private readonly watched: Watched) {}

  start(): void {
    this.lookIn(FIRST_LOOK_MS);
  }

  stop(): void {
    this.isOver = true;
    clearTimeout(this.timer);
  }

  private lookIn(ms: number): void {
    this.timer = setTimeout(() => void this.look(ms), ms);
    this.timer.unref();
  }

  private async look(ms: number): Promise<void> {
    try {
      const met = this.metByCounters() ?? (await this.metByDisk());
      if (met !== null) this.tell(met);
    } catch (error) {
      logger.error({ err: error, msg: 'what a command uses can not be watched' });
    }
    if (!this.isOver) this.lookIn(Math.min(2 * ms, LONGEST_PAUSE_MS));
  }

  private tell(limit: LimitName): void {
    if (this.isOver) return;
    this.met = limit;
    this.stop();
    this.watched.onMet(limit);
  }

  private metByCounters(): LimitName | null {
    const { cgroup, request } = this.watched;
    const { cpuSeconds, openFiles } = request.limits;
    const counted = cgroup.counters();
    if (counted.outOfMemory > 0) return 'memoryBytes';
    if (cpuSeconds !== undefined && (counted.cpuSeconds ?? 0) >= cpuSeconds) return 'cpuSeconds';
    if (counted.refusedForks > MOST_REFUSED_FORKS) return 'pids';
    if (openFiles !== undefined)
      this.mostOpenFiles = Math.max(this.mostOpenFiles, cgroup.processes?.mostOpenFiles() ?? 0);
    return null;
  }

  private async metByDisk(): Promise<LimitName | null> {
    const { limits, workingDirectory } = this.watched.request;
    const begun = performance.now();
    if (limits.diskBytes === undefined || begun < this.lookAtDiskFrom) return null;
    const size = await sizeOfTree(workingDirectory, limits.diskBytes, () => !this.isOver);
    const ended = performance.now();
    this.lookAtDiskFrom = ended + (ended - begun) * PAUSES_PER_LOOK;
    return size.bytes > limits.diskBytes || !size.isMeasured ? 'diskBytes' : null;
  }
}
