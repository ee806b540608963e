import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ControlFile } from './control-file.js';
import { type Controller, type Hierarchy } from './hierarchies.js';
import { Processes } from './processes.js';

type Hierarchies = Readonly<Partial<Record<Controller, Hierarchy>>>;

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
/** The starter of a place is in its cgroup, beside the command. */
const STARTERS = 1;
/** About what its starter takes there, and every command that does nothing. */
const STARTER_BYTES = 1_048_576;
/** The share of its memory that a command may find taken. */
const MOST_TAKEN = 0.1;

/** What the kernel has counted since {@link PlaceCgroup.begin}. */
export interface Counters {
  readonly cpuSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  /** Processes that were killed since the memory was used up. */
  readonly outOfMemory: number;
  /** How often a process or thread could not be started. */
  readonly refusedForks: number;
}

/** The cgroup of one place, in each hierarchy: made once, used by one command after the other. */
export class PlaceCgroup {
  readonly processes: Processes | null;
  private readonly memory: Memory | null;
  private readonly pids: Pids | null;
  private readonly cpu: Cpu | null;

  constructor(hierarchies: Hierarchies, place: number) {
    const { memory, pids, cpuacct } = hierarchies;
    const make = ({ directory }: Hierarchy): string => {
      const path = join(directory, String(place));
      mkdirSync(path, { recursive: true });
      return path;
    };
    this.memory = memory === undefined ? null : new Memory(make(memory), memory.version);
    this.pids = pids === undefined ? null : new Pids(make(pids));
    this.cpu = cpuacct === undefined ? null : new Cpu(make(cpuacct), cpuacct.version);
    const [any] = [pids, memory, cpuacct].filter((one) => one !== undefined);
    this.processes = any === undefined ? null : new Processes(make(any));
  }

  /** @throws the file system's error where a limit can't be set, say since more is in use that an earlier command left */
  begin({ memoryBytes, pids }: { readonly memoryBytes?: number; readonly pids?: number }): void {
    this.memory?.begin(memoryBytes ?? null);
    this.pids?.begin(pids ?? null);
    this.cpu?.begin();
  }

  counters(): Counters {
    return {
      cpuSeconds: this.cpu?.seconds() ?? null,
      peakMemoryBytes: this.memory?.peak() ?? null,
      outOfMemory: this.memory?.kills() ?? 0,
      refusedForks: this.pids?.refused() ?? 0,
    };
  }

  close(): void {
    for (const part of [this.memory, this.pids, this.cpu]) part?.close();
  }
}

class Cpu {
  private readonly file: ControlFile;
  private before = 0;

  constructor(
    directory: string,
    private readonly version: 1 | 2,
  ) {
    this.file = ControlFile.open(join(directory, version === 1 ? 'cpuacct.usage' : 'cpu.stat'), 'read');
  }

  begin(): void {
    this.before = this.total();
  }

  seconds(): number {
    return this.total() - this.before;
  }

  close(): void {
    this.file.close();
  }

  private total(): number {
    return this.version === 1
      ? this.file.number() / NANOSECONDS
      : this.file.numberOf('usage_usec') / MICROSECONDS;
  }
}

class Memory {
  private readonly limit: ControlFile;
  /** With swap, which would be a way around it; not there where the kernel counts none. */
  private readonly withSwap: ControlFile | null;
  private readonly highest: ControlFile | null;
  private readonly events: ControlFile;
  private readonly current: ControlFile;
  /** Writing to it has the kernel drop what it may. */
  private readonly reclaim: ControlFile | null;
  private before = 0;
  private killsBefore = 0;
  private bytes: number | null = null;

  constructor(
    directory: string,
    private readonly version: 1 | 2,
  ) {
    const [limit, swap, peak, events, current, reclaim] =
      version === 1
        ? ([
            'memory.limit_in_bytes',
            'memory.memsw.limit_in_bytes',
            'memory.max_usage_in_bytes',
            'memory.oom_control',
            'memory.usage_in_bytes',
            'memory.force_empty',
          ] as const)
        : ([
            'memory.max',
            'memory.swap.max',
            'memory.peak',
            'memory.events',
            'memory.current',
            'memory.reclaim',
          ] as const);
    this.limit = ControlFile.open(join(directory, limit), 'read and write');
    this.withSwap = ControlFile.openIfThere(join(directory, swap), 'read and write');
    // Before Linux 6.12 it can't be begun anew in v2: then it says nothing of one command.
    this.highest = ControlFile.openIfThere(join(directory, peak), 'read and write');
    this.events = ControlFile.open(join(directory, events), 'read');
    this.current = ControlFile.open(join(directory, current), 'read');
    this.reclaim = ControlFile.openIfThere(join(directory, reclaim), 'write');
  }

  begin(bytes: number | null): void {
    if (bytes !== this.bytes) this.set(bytes);
    if (bytes !== null) this.makeRoom(bytes);
    this.highest?.write('0');
    this.before = Math.max(0, this.current.number() - STARTER_BYTES);
    if (bytes !== null) this.killsBefore = this.total();
  }

  /** Without what was there before, such as pages of files that an earlier command has read. */
  peak(): number | null {
    if (this.highest === null) return null;
    const highest = this.highest.number();
    return this.kills() > 0 ? highest : Math.max(0, highest - this.before);
  }

  kills(): number {
    return this.bytes === null ? 0 : this.total() - this.killsBefore;
  }

  close(): void {
    for (const file of [this.limit, this.withSwap, this.highest, this.events, this.current, this.reclaim])
      file?.close();
  }

  private total(): number {
    return this.events.numberOf('oom_kill');
  }

  /** So that little of what the command may have is taken by what it has not asked for. */
  private makeRoom(bytes: number): void {
    const used = this.current.number();
    if (used <= bytes * MOST_TAKEN) return;
    try {
      this.reclaim?.write(this.version === 1 ? '0' : String(used));
    } catch {
      // It can't all be dropped: the limit holds all the same.
    }
  }

  /** The one with swap must never be the lower one. */
  private set(bytes: number | null): void {
    const none = this.version === 1 ? '-1' : 'max';
    this.withSwap?.write(none);
    this.limit.write(none);
    this.bytes = null;
    if (bytes === null) return;
    this.limit.write(String(bytes));
    this.withSwap?.write(this.version === 1 ? String(bytes) : '0');
    this.bytes = bytes;
  }
}

class Pids {
  private readonly limit: ControlFile;
  private readonly current: ControlFile;
  private readonly events: ControlFile;
  private refusedBefore = 0;
  private most: number | null = null;

  constructor(directory: string) {
    this.limit = ControlFile.open(join(directory, 'pids.max'), 'read and write');
    this.current = ControlFile.open(join(directory, 'pids.current'), 'read');
    this.events = ControlFile.open(join(directory, 'pids.events'), 'read');
  }

  begin(most: number | null): void {
    // What an earlier command left may be dead, and not reaped yet: it counts until then.
    if (most !== null) this.limit.write(String(most + Math.max(STARTERS, this.current.number())));
    else if (this.most !== null) this.limit.write('max');
    this.most = most;
    if (most !== null) this.refusedBefore = this.total();
  }

  refused(): number {
    return this.most === null ? 0 : this.total() - this.refusedBefore;
  }

  close(): void {
    for (const file of [this.limit, this.current, this.events]) file.close();
  }

  private total(): number {
    return this.events.numberOf('max');
  }
}
