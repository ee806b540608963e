import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readProcess, signalProcess } from '../process-table.js';
import { MARK_VARIABLE, SYSTEM_PATH } from '../protocol.js';
import { type Cell, type CellMaker, type CellOptions } from './cell.js';
import { ProcFile } from './process-records.js';
import { Starter } from './starter.js';

const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'slave'];

/** Enough for more children than anyone need look at. */
const CHILDREN_BYTES = 1_024;

// `kill -1` reaches every process of the namespace but its first and the caller, in one step of the kernel's.
const TERMINATE_ALL = 'kill -TERM -1; kill -CONT -1';

/**
 * A PID namespace whose first process is the starter. It dies whole with that process: the kernel kills every
 * process in it and lets the first one be reaped only when none is left.
 * @param userNamespace whether one is needed, since this is not root
 */
export function namespaceCell(userNamespace: boolean): CellMaker {
  return async (options) => {
    const starter = startInNamespace(options, userNamespace);
    await starter.ready;
    return new NamespaceCell(starter, onlyChild(starter.pid), { userNamespace, instance: options.instance });
  };
}

function startInNamespace(options: CellOptions, userNamespace: boolean): Starter {
  const user = userNamespace ? ['--user', '--map-current-user'] : [];
  return new Starter({
    program: options.starter,
    wrapper: [...options.tether, ...UNSHARE, ...user],
    mark: `${options.instance}/starter`,
    outputFds: options.outputFds,
    cgroups: options.cgroups,
  });
}

function onlyChild(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
}

class NamespaceCell implements Cell {
  spent = false;
  /** Kept open: what it says is read once a command. */
  private readonly childrenFd: number;
  private readonly children = Buffer.alloc(CHILDREN_BYTES);
  private readonly mountinfo: ProcFile;
  private readonly mounts: string | null;
  readonly starterPid: number;
  private terminator: ChildProcess | undefined;
  private isTerminated = false;

  constructor(
    readonly starter: Starter,
    private readonly firstPid: number,
    private readonly options: { readonly userNamespace: boolean; readonly instance: string },
  ) {
    this.childrenFd = openSync(`/proc/${firstPid}/task/${firstPid}/children`, 'r');
    this.mountinfo = new ProcFile(`/proc/${firstPid}/mountinfo`, 'by lines');
    this.mounts = this.mountinfo.read();
    this.starterPid = firstPid;
    void starter.gone.then(() => {
      this.spent = true;
      closeSync(this.childrenFd);
      this.mountinfo.close();
    });
  }

  begin(): void {
    // Whatever is in the namespace is the command's.
    this.isTerminated = false;
  }

  /** Orphans become children of the first process, so where it has none, or dead ones only, there is nobody else. */
  occupied(): boolean {
    if (this.spent) return false;
    const length = readSync(this.childrenFd, this.children, 0, CHILDREN_BYTES, 0);
    if (length === 0) return false;
    const pids = this.children.toString('latin1', 0, length).trim().split(' ');
    return length === CHILDREN_BYTES || pids.some((pid) => readProcess(Number(pid))?.zombie === false);
  }

  isAsMade(): boolean {
    return this.spent || this.mountinfo.read() === this.mounts;
  }

  async terminate(): Promise<void> {
    // To all in one step: nobody was missed.
    if (this.isTerminated) return;
    this.isTerminated = true;
    const user = this.options.userNamespace ? ['--user', '--preserve-credentials'] : [];
    const enter = ['--target', String(this.firstPid), ...user, '--pid', '--', '/bin/sh', '-c', TERMINATE_ALL];
    await new Promise<void>((resolve) => {
      const env = { PATH: SYSTEM_PATH, [MARK_VARIABLE]: `${this.options.instance}/terminate` };
      const child = spawn('nsenter', enter, { cwd: '/', env, stdio: 'ignore', detached: true });
      this.terminator = child;
      // Where it can't be sent, as in a fork bomb, the SIGKILL that follows does not need a process.
      child
        .once('close', () => {
          resolve();
        })
        .once('error', () => {
          resolve();
        });
    });
  }

  async kill(): Promise<void> {
    if (!this.spent) signalProcess(this.firstPid, 'SIGKILL');
    // It lives outside, and has stopped itself where the command stopped what it sent in.
    this.terminator?.kill('SIGKILL');
    await this.starter.gone;
  }

  dispose(): Promise<void> {
    return this.kill();
  }
}
