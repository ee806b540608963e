import { messageOf } from '../../kernel/errors.js';
import { LIMIT_WORDS, type LimitName, toBeEnforced } from '../limits.port.js';
import {
  type Containment,
  Launcher,
  type LauncherProgram,
  type LauncherReady,
  LaunchFailedError,
  type LaunchRequest,
  LimitNotEnforcedError,
  type RunningProcess,
} from './launcher.js';
import { Incarnation } from './launcher-incarnation.js';
import { programsToTry } from './launcher-programs.js';
import { Places } from './limits/places.js';
import { lockLimitsOf } from './lock-limit.js';
import { type LaunchOrder, MARK_VARIABLE, SYSTEM_PATH } from './protocol.js';
import { type Enclosure, OWN_PROCESSES } from './sandbox/enclosure.js';
import { type Enclosed, NoSandbox, type Sandbox } from './sandbox/sandbox.js';
import { tryOut } from './sandbox/try-out.js';
import { assertStartable, variablesOf } from './startable.js';

export interface LauncherClientOptions {
  /** Identity of the data directory, such as its path: names what belongs to this server after a crash. */
  readonly instance: string;
  /** The one program to use, or `node`: the better one in Node; absent: the native one where it was built and works. */
  readonly program?: LauncherProgram | 'node';
  /** The one containment to use; absent: the strongest that works here. */
  readonly containment?: Containment;
  /** Absent: commands are contained, and nothing more. */
  readonly sandbox?: Sandbox;
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

  async start(): Promise<LauncherReady> {
    await this.sandbox.prepare();
    const { program, ready, places } = await this.living();
    const containment = await ready;
    try {
      const { instance } = this.options;
      await tryOut({ sandbox: this.sandbox, instance }, (request) => this.launch(request));
    } catch (error) {
      await this.close();
      throw error;
    }
    const { name } = this.sandbox;
    const enforces: readonly LimitName[] =
      name === 'none' ? places.enforces : [...places.enforces, 'network'];
    return { program, containment, sandbox: name, enforces, means: places.means };
  }

  async launch(request: LaunchRequest): Promise<RunningProcess> {
    const order = this.orderFor(request);
    const incarnation = await this.living();
    if (this.closed) throw new LaunchFailedError('the launcher is closed');
    const lacking = toBeEnforced(request.limits).filter(
      (name) => !incarnation.places.enforces.includes(name),
    );
    if (lacking.length > 0) throw new LimitNotEnforcedError(lacking.map((name) => LIMIT_WORDS[name]));
    const enclosed = this.enclosed(order, { request, program: incarnation.program });
    return incarnation.launch(enclosed, enclosed.enclosure === null ? request : besidesSandbox(request));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.starting?.catch(() => undefined);
    await this.incarnation?.close();
  }

  /** @throws LaunchFailedError where the launcher can't be asked for it */
  private orderFor(request: LaunchRequest): LaunchOrder {
    const environment = variablesOf(request.environment);
    environment.push(`${MARK_VARIABLE}=${this.options.instance}/${request.key}`);
    const { cpuSeconds = 0, diskBytes: fileBytes = 0, openFiles = 0 } = request.limits;
    const { maxOutputBytes, endBy, workingDirectory, stdoutPath, stderrPath, command } = request;
    const order = {
      lockLimit: this.lockLimitOf((this.commands += 1)),
      maxOutputBytes,
      endBy,
      cpuSeconds,
      fileBytes,
      openFiles,
      workingDirectory,
      stdoutPath,
      stderrPath,
      command,
      environment,
      enclosure: null,
    };
    assertStartable(order);
    return order;
  }

  /** @throws LaunchFailedError where the sandbox can't be asked for it */
  private enclosed(
    order: LaunchOrder,
    { request, program }: { readonly request: LaunchRequest; readonly program: LauncherProgram },
  ): LaunchOrder {
    const { network } = request;
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
      const places = await Places.probe(this.options.instance);
      const incarnation = new Incarnation(this.options, { program, places });
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

/** What makes the sandbox is not the command's, and not counted against it. */
function besidesSandbox(request: LaunchRequest): LaunchRequest {
  const { pids } = request.limits;
  if (pids === undefined) return request;
  return { ...request, limits: { ...request.limits, pids: pids + OWN_PROCESSES } };
}
