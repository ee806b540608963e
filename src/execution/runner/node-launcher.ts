import { Logger } from '@nestjs/common';
import { endLeftovers } from './leftovers.js';
import {
  type Containment,
  Launcher,
  LauncherLostError,
  LaunchFailedError,
  type LaunchRequest,
  OutputLostError,
  type ProcessEnd,
  type RunningProcess,
} from './launcher.js';
import { LauncherProcess } from './launcher-process.js';
import { type LauncherReport } from './protocol.js';

export interface NodeLauncherOptions {
  /** Identity of the data directory, such as its path: names what belongs to this server after a crash. */
  readonly instance: string;
  /** The one containment to use; absent: the strongest that works here. */
  readonly containment?: Containment;
}

type FinalReport = Extract<LauncherReport, { op: 'refused' | 'ended' | 'lost' }>;

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

interface Pending {
  readonly started: Settle<RunningProcess>;
  ended: Settle<ProcessEnd> | null;
}

/** One launcher process from its start to its death, with what it runs. */
class Incarnation {
  readonly ready: Promise<Containment>;
  /** Resolves once the process and all that it started are dead, however it came to that. */
  readonly over: Promise<void>;
  dead = false;
  private readonly logger = new Logger('Launcher');
  private readonly process: LauncherProcess;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private onReady: Settle<Containment> | null = null;

  constructor(private readonly options: NodeLauncherOptions) {
    this.process = new LauncherProcess(options.instance, (report) => {
      this.take(report);
    });
    this.ready = new Promise((resolve, reject) => (this.onReady = { resolve, reject }));
    this.over = this.outlive();
    const { instance, containment = null } = options;
    this.process.send({ op: 'start', instance, containment });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  launch(request: LaunchRequest): Promise<RunningProcess> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { started: { resolve, reject }, ended: null });
      this.process.send({ op: 'launch', id, request });
    });
  }

  close(): Promise<void> {
    this.process.end();
    return this.over;
  }

  private async outlive(): Promise<void> {
    const detail = await this.process.gone;
    this.dead = true;
    await endLeftovers(this.options.instance).catch((error: unknown) => {
      this.logger.error({ err: error }, 'what the launcher left behind could not be ended');
    });
    this.onReady?.reject(new LaunchFailedError(`the launcher process ended${detail && `: ${detail}`}`));
    for (const { started, ended } of this.pending.values()) {
      (ended ?? started).reject(new LauncherLostError());
    }
    this.pending.clear();
  }

  private take(report: LauncherReport): void {
    if (report.op === 'ready') this.onReady?.resolve(report.containment);
    else if (report.op === 'unable') this.onReady?.reject(new LaunchFailedError(report.detail));
    else if (report.op === 'started') this.started(report.id);
    else this.finish(report);
  }

  private finish(report: FinalReport): void {
    const pending = this.pending.get(report.id);
    if (pending === undefined) return;
    const { started, ended } = pending;
    this.pending.delete(report.id);
    switch (report.op) {
      case 'refused':
        (ended ?? started).reject(new LaunchFailedError(report.detail));
        return;
      case 'ended':
        ended?.resolve(report.end);
        return;
      case 'lost':
        ended?.reject(new OutputLostError(report.detail));
    }
  }

  private started(id: number): void {
    const pending = this.pending.get(id);
    if (pending === undefined) return;
    const ended = new Promise<ProcessEnd>((resolve, reject) => (pending.ended = { resolve, reject }));
    // Whoever never looks at the end must not bring the server down by a lost launcher.
    ended.catch(() => undefined);
    const stop = (graceMs: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'stop', id, graceMs });
    };
    const endBy = (time: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'endBy', id, time });
    };
    pending.started.resolve({ ended, stop, endBy });
  }
}

/** Runs commands through a launcher process beside this one; a launcher that died is replaced at the next launch. */
export class NodeLauncher extends Launcher {
  private incarnation: Incarnation | null = null;
  private closed = false;

  constructor(private readonly options: NodeLauncherOptions) {
    super();
  }

  /** Process id of the launcher, for those who watch it; undefined while there is none. */
  get pid(): number | undefined {
    return this.incarnation?.dead === false ? this.incarnation.pid : undefined;
  }

  async start(): Promise<Containment> {
    return (await this.living()).ready;
  }

  async launch(request: LaunchRequest): Promise<RunningProcess> {
    if (this.closed) throw new LaunchFailedError('the launcher is closed');
    const incarnation = await this.living();
    await incarnation.ready;
    return incarnation.launch(request);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.incarnation?.close();
  }

  private async living(): Promise<Incarnation> {
    let current = (this.incarnation ??= new Incarnation(this.options));
    while (current.dead) {
      // Its sweep must not meet what the next one starts: both carry one mark.
      await current.over;
      if (this.incarnation === current) this.incarnation = new Incarnation(this.options);
      current = this.incarnation;
    }
    return current;
  }
}
