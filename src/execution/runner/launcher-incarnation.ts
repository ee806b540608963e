import { constants } from 'node:os';
import { Logger } from '@nestjs/common';
import { monotonicNow } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import {
  type Containment,
  LauncherLostError,
  type LauncherProgram,
  LaunchFailedError,
  LaunchLateError,
  type LaunchRequest,
  OutputLostError,
  type ProcessEnd,
  type RunningProcess,
} from './launcher.js';
import { LauncherProcess } from './launcher-process.js';
import { endLeftovers } from './leftovers.js';
import { LimitWatch } from './limits/limit-watch.js';
import { limitMetBy } from './limits/met-limit.js';
import { type Place, type Places } from './limits/places.js';
import { type CommandEnd, type LauncherReport, type LaunchOrder } from './protocol.js';
import { signalName } from './signals.js';

type FinalReport = Extract<LauncherReport, { op: 'refused' | 'ended' | 'lost' }>;

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

const NOTHING = { bytes: 0, content: Buffer.alloc(0) };
const KILLED_WITH_ITS_STARTER: CommandEnd = {
  exitCode: null,
  signal: constants.signals.SIGKILL,
  outputLimitReached: false,
  overdue: false,
  cpuMicroseconds: null,
  writtenBytes: null,
  stdout: NOTHING,
  stderr: NOTHING,
};

interface IncarnationOptions {
  readonly instance: string;
  readonly containment?: Containment;
}

interface IncarnationParts {
  readonly program: LauncherProgram;
  readonly places: Places;
}

/** A command that runs. */
interface Pending extends Settle<ProcessEnd> {
  readonly request: LaunchRequest;
  readonly place: Place;
  /** Null where it has no limits. */
  readonly watch: LimitWatch | null;
}

/** One launcher process from its start to its death, with what it runs. */
export class Incarnation {
  readonly program: LauncherProgram;
  readonly places: Places;
  readonly ready: Promise<Containment>;
  /** Resolves once the process and all that it started are dead, however it came to that. */
  readonly over: Promise<void>;
  dead = false;
  private readonly logger = new Logger('Launcher');
  private readonly process: LauncherProcess;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private onReady: Settle<Containment> | null = null;

  constructor(
    private readonly options: IncarnationOptions,
    { program, places }: IncarnationParts,
  ) {
    this.program = program;
    this.places = places;
    this.process = new LauncherProcess(program, options.instance, (report) => {
      this.take(report);
    });
    this.ready = new Promise((resolve, reject) => (this.onReady = { resolve, reject }));
    // Whoever asks hears of it; nobody need.
    this.ready.catch(() => undefined);
    this.over = this.outlive();
    const { instance, containment = null } = options;
    this.process.send({ op: 'start', instance, containment, cgroups: places.directories });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** @throws LaunchFailedError where there is no place for it, LaunchLateError */
  launch(order: LaunchOrder, request: LaunchRequest): RunningProcess {
    const id = ++this.lastId;
    const place = this.placeFor(request);
    // As late as can be: making a place may take a while.
    if (request.startBy !== undefined && monotonicNow() > request.startBy) {
      this.places.giveBack(place);
      throw new LaunchLateError();
    }
    const stop = (graceMs: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'stop', id, graceMs });
    };
    const watched = {
      request,
      cgroup: place.cgroup,
      onMet: () => {
        stop(0);
      },
    };
    const watch = Object.keys(request.limits).length === 0 ? null : new LimitWatch(watched);
    const ended = new Promise<ProcessEnd>((resolve, reject) =>
      this.pending.set(id, { resolve, reject, request, place, watch }),
    );
    this.process.send({ op: 'launch', id, place: place.number, order });
    watch?.start();
    const endBy = (time: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'endBy', id, time });
    };
    return { ended, stop, endBy };
  }

  close(): Promise<void> {
    this.process.end();
    return this.over;
  }

  /** One in which a limit can't be set, since something that an earlier command left fills it, is used no more. */
  private placeFor({ limits }: LaunchRequest): Place {
    try {
      const place = this.places.take();
      place.cgroup.begin(limits);
      return place;
    } catch (error) {
      throw new LaunchFailedError(`its limits could not be set: ${messageOf(error)}`);
    }
  }

  private async outlive(): Promise<void> {
    const detail = await this.process.gone;
    this.dead = true;
    await endLeftovers(this.options.instance).catch((error: unknown) => {
      this.logger.error({ err: error, msg: 'what the launcher left behind could not be ended' });
    });
    this.onReady?.reject(new LaunchFailedError(`the launcher process ended${detail && `: ${detail}`}`));
    for (const { reject, watch } of this.pending.values()) {
      watch?.stop();
      reject(new LauncherLostError());
    }
    this.pending.clear();
    this.places.close();
  }

  private take(report: LauncherReport): void {
    if (report.op === 'ready') this.onReady?.resolve(report.containment);
    else if (report.op === 'unable') this.onReady?.reject(new LaunchFailedError(report.detail));
    else this.finish(report);
  }

  private finish(report: FinalReport): void {
    const pending = this.pending.get(report.id);
    if (pending === undefined) return;
    this.pending.delete(report.id);
    pending.watch?.stop();
    switch (report.op) {
      case 'refused':
        this.places.giveBack(pending.place);
        pending.reject(new LaunchFailedError(report.detail));
        return;
      case 'ended':
        this.conclude(pending, report.end).then(pending.resolve, pending.reject);
        return;
      case 'lost':
        this.concludeLost(pending, report.detail);
    }
  }

  /** The kernel may have taken a starter with a command that was out of memory. */
  private concludeLost(pending: Pending, detail: string): void {
    const { outOfMemory } = pending.place.cgroup.counters();
    if (outOfMemory > 0) {
      this.conclude(pending, KILLED_WITH_ITS_STARTER).then(pending.resolve, pending.reject);
      return;
    }
    this.places.giveBack(pending.place);
    pending.reject(new OutputLostError(detail));
  }

  private async conclude({ request, place, watch }: Pending, end: CommandEnd): Promise<ProcessEnd> {
    const counters = place.cgroup.counters();
    this.places.giveBack(place);
    const limitMet = watch === null ? null : await limitMetBy({ request, end, counters, watch });
    const { exitCode, signal, outputLimitReached, overdue, cpuMicroseconds, writtenBytes, stdout, stderr } =
      end;
    const cpuSeconds = counters.cpuSeconds ?? (cpuMicroseconds === null ? null : cpuMicroseconds / 1e6);
    return {
      exitCode,
      signal: signal === null ? null : (signalName(signal) ?? String(signal)),
      outputLimitReached,
      overdue,
      limitMet,
      stdout,
      stderr,
      usage: {
        cpuSeconds: cpuSeconds === null ? null : Math.round(cpuSeconds * 1e6) / 1e6,
        peakMemoryBytes: counters.peakMemoryBytes,
        writtenBytes,
      },
    };
  }
}
