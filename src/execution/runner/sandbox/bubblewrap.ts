import { chownSync, existsSync, lchownSync, lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../protocol.js';
import { likelyCause } from './bubblewrap-causes.js';
import { DESCRIPTORS, type Enclosure, STAGED_AT } from './enclosure.js';
import { type Enclosed, Sandbox, SandboxUnavailableError } from './sandbox.js';
import { compileFilter, FILTERED_MACHINES } from './seccomp-filter.js';
import { isShown, showResolver, showSystem } from './system-view.js';

export interface BubblewrapOptions {
  /** Absolute path of the service's data directory: kept from all commands. The filter of system calls lies there. */
  readonly dataDirectory: string;
  /** Files that hold secrets, absolute. */
  readonly hiddenFiles?: readonly string[];
}

/** No other program's: of the range that systemd's list of users and groups leaves unused. */
const UNPRIVILEGED = 65_533;
/** Of /tmp, and of /dev/shm: they lie in memory. */
const TEMPORARY_BYTES = 67_108_864;
const FILTER = 'seccomp.bpf';
const INSIDE = '/inside';

const NAMESPACES = ['user', 'ipc', 'pid', 'uts', 'cgroup'].map((kind) => `--unshare-${kind}`);
// The launcher's own first process reaps, and outlives whatever the command signals.
const DEFENCES = [
  '--as-pid-1',
  '--die-with-parent',
  '--new-session',
  '--cap-drop',
  'ALL',
  '--hostname',
  'job',
];
const TEMPORARY = ['--perms', '1777', '--size', String(TEMPORARY_BYTES), '--tmpfs'];
const OWN = ['--proc', '/proc', '--dev', '/dev', ...TEMPORARY, '/dev/shm', '--remount-ro', '/dev'];

/** Every command in namespaces of its own, made by bubblewrap (https://github.com/containers/bubblewrap). */
export class Bubblewrap extends Sandbox {
  readonly name = 'bubblewrap';
  /** Root's commands are not root's. */
  readonly user = process.getuid?.() === 0 ? UNPRIVILEGED : null;
  private readonly filterPath: string;
  private view: readonly string[] = [];

  constructor(private readonly options: BubblewrapOptions) {
    super();
    this.filterPath = join(options.dataDirectory, FILTER);
  }

  prepare(): Promise<void> {
    const machine = FILTERED_MACHINES.find((known) => known === process.arch);
    if (machine === undefined)
      return this.refuse(`its filter of system calls is for ${FILTERED_MACHINES.join(' and ')} only`);
    const program = SYSTEM_PATH.split(':')
      .map((directory) => join(directory, 'bwrap'))
      .find((path) => existsSync(path));
    if (program === undefined) return this.refuse('bwrap is not installed (package bubblewrap)');
    writeFileSync(this.filterPath, compileFilter(machine));
    this.view = [
      program,
      ...NAMESPACES,
      ...DEFENCES,
      ...showSystem(this.user !== null),
      ...OWN,
      ...TEMPORARY,
      '/tmp',
      ...this.hide(),
    ];
    return Promise.resolve();
  }

  enclose({ order, hasInside, network }: Enclosed): Enclosure {
    const { workingDirectory, environment } = order;
    if (this.user !== null) handOver(workingDirectory, this.user);
    const { filter, secrets, inside } = DESCRIPTORS;
    const source = this.user === null ? workingDirectory : STAGED_AT;
    return {
      words: [
        ...this.view,
        ...(network ? showResolver() : ['--unshare-net']),
        ...['--bind', source, workingDirectory, '--chdir', workingDirectory],
        ...(hasInside ? ['--perms', '0555', '--ro-bind-data', String(inside), INSIDE] : []),
        ...['--remount-ro', '/', '--seccomp', String(filter), '--args', String(secrets), '--'],
        ...(hasInside ? [INSIDE, 'inside'] : []),
      ],
      secrets: ['--clearenv', ...environment.flatMap(variable)],
      filterPath: this.filterPath,
      user: this.user,
    };
  }

  explain(detail: string): string {
    return [detail, ...likelyCause(detail)].join('; ');
  }

  private refuse(detail: string): Promise<never> {
    return Promise.reject(new SandboxUnavailableError(this.name, detail));
  }

  /** Of what is shown to a command that is of the service's own user. */
  private hide(): string[] {
    const { dataDirectory, hiddenFiles = [] } = this.options;
    const files = hiddenFiles.filter((path) => isShown(path) && existsSync(path));
    return [
      ...(isShown(dataDirectory) ? ['--perms', '0755', '--tmpfs', dataDirectory] : []),
      ...files.flatMap((path) => ['--ro-bind', '/dev/null', path]),
    ];
  }
}

function variable(text: string): string[] {
  const at = text.indexOf('=');
  return ['--setenv', text.slice(0, at), text.slice(at + 1)];
}

/** A working directory, with what was staged in it. */
function handOver(directory: string, user: number): void {
  if (lstatSync(directory).uid !== user) chownSync(directory, user, user);
  for (const name of readdirSync(directory)) lchownSync(join(directory, name), user, user);
}
