import { Logger } from '@nestjs/common';
import { messageOf } from '../../kernel/errors.js';
import { endLeftovers } from './leftovers.js';
import {
  type Containment,
  Launcher,
  type LauncherInForce,
  LauncherLostError,
  type LauncherProgram,
  LaunchFailedError,
  type LaunchRequest,
  OutputLostError,
  type ProcessEnd,
  type RunningProcess,
} from './launcher.js';
import { LauncherProcess } from './launcher-process.js';
import { programsToTry } from './launcher-programs.js';
import { lockLimitsOf } from './lock-limit.js';
import {
  type CommandEnd,
  type LauncherReport,
  type LaunchOrder,
  MARK_VARIABLE,
  SYSTEM_PATH,
} from './protocol.js';
import { type Enclosure } from './sandbox/enclosure.js';
import { type Enclosed, NoSandbox, type Sandbox } from './sandbox/sandbox.js';
import { tryOut } from './sandbox/try-out.js';
import { signalName } from './signals.js';
import { assertStartable, variablesOf } from './startable.js';

export interface LauncherClientOptions {
  /** Identity of the data directory, such as its path: names what belongs to this server after a crash. */
  readonly instance: string;
  /** The one program to use; absent: the native one where it was built and works, otherwise the one in Node. */
  readonly program?: LauncherProgram;
  /** The one containment to use; absent: the strongest that works here. */
  readonly containment?: Containment;
  /** Absent: commands are contained, and nothing more. */
  readonly sandbox?: Sandbox;
}

type FinalReport = Extract<LauncherReport, { op: 'refused' | 'ended' | 'lost' }>;

interface Settle<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** One launcher process from its start to its death, with what it runs. */
class Incarnation {
  readonly ready: Promise<Containment>;
  /** Resolves once the process and all that it started are dead, however it came to that. */
  readonly over: Promise<void>;
  dead = false;
  private readonly logger = new Logger('Launcher');
  private readonly process: LauncherProcess;
  private readonly pending = new Map<number, Settle<ProcessEnd>>();
  private lastId = 0;
  private onReady: Settle<Containment> | null = null;

  constructor(
    private readonly options: LauncherClientOptions,
    readonly program: LauncherProgram,
  ) {
    this.process = new LauncherProcess(program, options.instance, (report) => {
      this.take(report);
    });
    this.ready = new Promise((resolve, reject) => (this.onReady = { resolve, reject }));
    // Whoever asks hears of it; nobody need.
    this.ready.catch(() => undefined);
    this.over = this.outlive();
    const { instance, containment = null } = options;
    this.process.send({ op: 'start', instance, containment });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  launch(order: LaunchOrder): RunningProcess {
    const id = ++this.lastId;
    const ended = new Promise<ProcessEnd>((resolve, reject) => this.pending.set(id, { resolve, reject }));
    // Whoever never looks at the end must not bring the server down by a lost launcher.
    ended.catch(() => undefined);
    this.process.send({ op: 'launch', id, order });
    const stop = (graceMs: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'stop', id, graceMs });
    };
    const endBy = (time: number): void => {
      if (this.pending.has(id)) this.process.send({ op: 'endBy', id, time });
    };
    return { ended, stop, endBy };
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
    for (const { reject } of this.pending.values()) reject(new LauncherLostError());
    this.pending.clear();
  }

  private take(report: LauncherReport): void {
    if (report.op === 'ready') this.onReady?.resolve(report.containment);
    else if (report.op === 'unable') this.onReady?.reject(new LaunchFailedError(report.detail));
    else this.finish(report);
  }

  private finish(report: FinalReport): void {
    const pending = this.pending.get(report.id);
    this.pending.delete(report.id);
    switch (report.op) {
      case 'refused':
        pending?.reject(new LaunchFailedError(report.detail));
        return;
      case 'ended':
        pending?.resolve(named(report.end));
        return;
      case 'lost':
        pending?.reject(new OutputLostError(report.detail));
    }
  }
}

/** Runs commands through a launcher process beside this one; a launcher that died is replaced at the next launch. */
export class LauncherClient extends Launcher {
  private readonly lockLimitOf: (command: number) => string;
  private incarnation: Incarnation | null = null;
  private starting: Promise<Incarnation> | null = null;
  private readonly sandbox: Sandbox;
  private commands = 0;
  private closed = false;

  constructor(private readonly options: LauncherClientOptions) {
    super();
    this.lockLimitOf = lockLimitsOf(options.instance);
    this.sandbox = options.sandbox ?? new NoSandbox();
  }

  /** Process id of the launcher, for those who watch it; undefined while there is none. */
  get pid(): number | undefined {
    return this.incarnation?.dead === false ? this.incarnation.pid : undefined;
  }

  async start(): Promise<LauncherInForce> {
    await this.sandbox.prepare();
    const { program, ready } = await this.living();
    const containment = await ready;
    try {
      await tryOut(this.sandbox, (request) => this.launch(request));
    } catch (error) {
      await this.close();
      throw error;
    }
    return { program, containment, sandbox: this.sandbox.name };
  }

  async launch(request: LaunchRequest): Promise<RunningProcess> {
    const order = this.orderFor(request);
    const incarnation = await this.living();
    if (this.closed) throw new LaunchFailedError('the launcher is closed');
    return incarnation.launch(this.enclosed(order, { request, program: incarnation.program }));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.starting?.catch(() => undefined);
    await this.incarnation?.close();
  }

  /** @throws LaunchFailedError where the launcher can't be asked for it */
  private orderFor({ key, environment, ...request }: LaunchRequest): LaunchOrder {
    const variables = variablesOf(environment);
    variables.push(`${MARK_VARIABLE}=${this.options.instance}/${key}`);
    const lockLimit = this.lockLimitOf((this.commands += 1));
    const order = { ...request, lockLimit, environment: variables, enclosure: null };
    assertStartable(order);
    return order;
  }

  /** @throws LaunchFailedError where the sandbox can't be asked for it */
  private enclosed(
    order: LaunchOrder,
    { request, program }: { readonly request: LaunchRequest; readonly program: LauncherProgram },
  ): LaunchOrder {
    const { network = false } = request;
    const enclosure = this.enclosureFor({ order, hasInside: program === 'native', network });
    if (enclosure === null) return order;
    // What makes the sandbox is outside of it: nothing there may be of the command's choosing.
    const [mark] = order.environment.slice(-1);
    return {
      ...order,
      enclosure,
      environment: [`PATH=${SYSTEM_PATH}`, ...(mark === undefined ? [] : [mark])],
    };
  }

  private enclosureFor(enclosed: Enclosed): Enclosure | null {
    try {
      return this.sandbox.enclose(enclosed);
    } catch (error) {
      throw new LaunchFailedError(messageOf(error));
    }
  }

  /** The one that lives and is ready, or a new one. */
  private async living(): Promise<Incarnation> {
    if (this.incarnation?.dead === false) return this.incarnation;
    this.starting ??= this.begin(this.incarnation).finally(() => (this.starting = null));
    return this.starting;
  }

  private async begin(last: Incarnation | null): Promise<Incarnation> {
    // Its sweep must not meet what the next one starts: both carry one mark.
    await last?.over;
    const programs = last === null ? programsToTry(this.options.program) : [last.program];
    const faults: string[] = [];
    for (const program of programs) {
      if (this.closed) throw new LaunchFailedError('the launcher is closed');
      const incarnation = new Incarnation(this.options, program);
      const fault = await faultOf(incarnation);
      if (fault === null) return (this.incarnation = incarnation);
      await incarnation.close();
      faults.push(`${program}: ${fault}`);
    }
    throw new LaunchFailedError(faults.join('; '));
  }
}

/** Null once it takes commands. */
async function faultOf(incarnation: Incarnation): Promise<string | null> {
  try {
    await incarnation.ready;
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function named({ signal, ...end }: CommandEnd): ProcessEnd {
  return { ...end, signal: signal === null ? null : (signalName(signal) ?? String(signal)) };
}
