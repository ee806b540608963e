import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../../../kernel/errors.js';
import { type LimitName } from '../../limits.port.js';
import { SYSTEM_PATH } from '../protocol.js';
import { type Controller, type Hierarchy, makeHierarchies } from './hierarchies.js';
import { PlaceCgroup } from './place-cgroup.js';

/** A place in which one command at a time runs. */
export interface Place {
  readonly number: number;
  readonly cgroup: PlaceCgroup;
}

const ENTER = 'for group; do echo 0 >"$group/cgroup.procs" || exit 1; done';
/** Held by rlimits and by looking at the directory: everywhere. */
const WITHOUT_CGROUPS: readonly LimitName[] = ['diskBytes', 'openFiles'];
const NEEDED: readonly (readonly [LimitName, Controller])[] = [
  ['cpuSeconds', 'cpuacct'],
  ['memoryBytes', 'memory'],
  ['pids', 'pids'],
];

/** The places of one launcher, as many as ever ran at once, each with its cgroups. */
export class Places {
  private readonly idle: Place[] = [];
  private readonly all: Place[] = [];

  private constructor(
    private readonly hierarchies: Readonly<Partial<Record<Controller, Hierarchy>>>,
    private readonly fault: string,
  ) {}

  /** Tries out what this host offers. */
  static async probe(instance: string): Promise<Places> {
    const { found, faults } = makeHierarchies(instance);
    const places = new Places(found, faults.join('; '));
    const fault = await places.tryOut();
    return fault === null ? places : new Places({}, fault);
  }

  get enforces(): LimitName[] {
    const byCgroups = NEEDED.filter(([, controller]) => this.hierarchies[controller] !== undefined);
    return [...byCgroups.map(([limit]) => limit), ...WITHOUT_CGROUPS];
  }

  /** In words for the log. */
  get means(): string {
    const versions = new Set(Object.values(this.hierarchies).map(({ version }) => `cgroup v${version}`));
    const means = [...versions, 'rlimits'].join(', ');
    return this.fault === '' ? means : `${means}; the rest can't be: ${this.fault}`;
  }

  /** The directories in which each place has its cgroups, each once. */
  get directories(): string[] {
    return [...new Set(Object.values(this.hierarchies).map(({ directory }) => directory))];
  }

  /** @throws the file system's error where a new one can't be made */
  take(): Place {
    return this.idle.pop() ?? this.make();
  }

  giveBack(place: Place): void {
    this.idle.push(place);
  }

  /** The cgroups themselves are removed with all else that a launcher left behind. */
  close(): void {
    for (const { cgroup } of this.all) cgroup.close();
    this.all.length = this.idle.length = 0;
  }

  private make(): Place {
    const place = { number: this.all.length, cgroup: new PlaceCgroup(this.hierarchies, this.all.length) };
    this.all.push(place);
    return place;
  }

  /** Null where a process can enter the first one, and be limited there. */
  private async tryOut(): Promise<string | null> {
    try {
      const place = this.take();
      const groups = this.directories.map((directory) => join(directory, String(place.number)));
      const env = { PATH: SYSTEM_PATH };
      await promisify(execFile)('/bin/sh', ['-c', ENTER, 'sh', ...groups], { env, cwd: '/' });
      place.cgroup.begin({ memoryBytes: 2 ** 30, pids: 100 });
      place.cgroup.begin({});
      place.cgroup.counters();
      this.giveBack(place);
      return null;
    } catch (error) {
      this.close();
      return messageOf(error).trim();
    }
  }
}
