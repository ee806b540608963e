import { messageOf } from '../../../kernel/errors.js';
import { type LauncherReport, type LauncherRequest, type LaunchOrder } from '../protocol.js';
import { Deadline } from '../../../kernel/deadline.js';
import { type ProbedHost, probeHost } from './probe.js';
import { type RunResult, type Seat } from './seat.js';
import { type StarterProgram } from './starter-program.js';

interface Launch {
  readonly id: number;
  readonly order: LaunchOrder;
  readonly deadline: Deadline;
}

/** Answers requests; see protocol.ts. */
export class LauncherService {
  private host: ProbedHost | null = null;
  private probing: Promise<ProbedHost> | undefined;
  private readonly running = new Map<number, Promise<void>>();
  private readonly seats = new Map<number, Seat>();
  /** Stops that came while the seat was still being made. */
  private readonly stopped = new Map<number, number>();
  /** Of all that is launched, from the request on. */
  private readonly deadlines = new Map<number, Deadline>();
  private closing = false;

  constructor(
    private readonly starter: StarterProgram,
    private readonly send: (report: LauncherReport) => void,
  ) {}

  async handle(request: LauncherRequest): Promise<void> {
    switch (request.op) {
      case 'start':
        this.probing = probeHost(request, this.starter);
        this.host = await this.probing;
        this.send({ op: 'ready', containment: this.host.containment });
        return;
      case 'launch': {
        const { id, place, order } = request;
        const run = this.launch({ id, order, deadline: new Deadline(order.endBy) }, place).finally(() =>
          this.running.delete(id),
        );
        this.running.set(id, run);
        return run;
      }
      case 'stop':
        this.stop(request.id, request.graceMs);
        return;
      case 'endBy':
        this.deadlines.get(request.id)?.move(request.time);
    }
  }

  /** Kills all that runs; resolves when nothing that was started here is alive. */
  async close(): Promise<void> {
    this.closing = true;
    // It cleans up after itself, if it is let.
    this.host ??= (await this.probing?.catch(() => null)) ?? null;
    for (const id of this.running.keys()) this.stop(id, 0);
    await Promise.all(this.running.values());
    await this.host?.seats.dispose();
  }

  private async launch(launch: Launch, place: number): Promise<void> {
    const { id } = launch;
    this.deadlines.set(id, launch.deadline);
    try {
      await this.runOn(await this.takeSeat(place), launch);
    } catch (error) {
      this.send({ op: 'refused', id, detail: messageOf(error) });
    } finally {
      this.stopped.delete(id);
      this.deadlines.delete(id);
    }
  }

  private async takeSeat(place: number): Promise<Seat> {
    if (this.host === null || this.closing) throw new Error('the launcher is not running');
    return this.host.seats.take(place);
  }

  private async runOn(seat: Seat, launch: Launch): Promise<void> {
    const { id } = launch;
    this.seats.set(id, seat);
    const result = await this.executeOn(seat, launch);
    if (result.kind === 'ended') this.send({ op: 'ended', id, end: result.end });
    else this.send({ op: result.kind, id, detail: result.detail });
  }

  private async executeOn(seat: Seat, { id, order, deadline }: Launch): Promise<RunResult> {
    try {
      return await seat.execute(order, deadline, () => {
        const graceMs = this.closing ? 0 : this.stopped.get(id);
        // After the command has been written to the starter.
        if (graceMs !== undefined)
          queueMicrotask(() => {
            seat.stop(graceMs);
          });
      });
    } finally {
      this.seats.delete(id);
    }
  }

  private stop(id: number, graceMs: number): void {
    if (!this.running.has(id)) return;
    this.stopped.set(id, Math.min(graceMs, this.stopped.get(id) ?? graceMs));
    this.seats.get(id)?.stop(graceMs);
  }
}
