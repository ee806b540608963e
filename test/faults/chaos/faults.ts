import { forMs } from '../../support/for-ms.js';
import { type TcpProxy } from '../../support/proxy.js';
import { type PlannedFault, type Lane } from './fault-plan.js';
import { type Fleet } from './fleet.js';
import { type Timeline } from './timeline.js';

/** What it needs to come up is killed meanwhile as often as itself. */
const UP_WITHIN_MS = 90_000;

/** Ms since the epoch; ends when what was broken said that it is up again. */
interface Interval {
  readonly from: number;
  to: number;
}

/** Does what is planned to the fleet, and knows when. */
export class Faults {
  /** How often each fault happened. */
  readonly counts = new Map<string, number>();
  private readonly intervals: Interval[] = [];

  constructor(
    private readonly fleet: Fleet,
    private readonly timeline: Timeline,
    private readonly onFinding: (finding: string) => void,
  ) {}

  /** All lanes at once, until they are through or `signal` aborts. Everything is mended then. */
  async run(lanes: readonly Lane[], signal: AbortSignal): Promise<void> {
    await Promise.all(lanes.map((lane) => this.runLane(lane, signal)));
  }

  /** Whether anything was broken at any moment between. */
  metBetween(from: number, to: number): boolean {
    return this.intervals.some((fault) => fault.from <= to && fault.to >= from);
  }

  async inflict(fault: PlannedFault): Promise<void> {
    const { what, target, forMs: lastsMs } = fault;
    const interval = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.intervals.push(interval);
    this.timeline.note(`${what} ${target} for ${lastsMs} ms`);
    const mend = await this.break(fault);
    await forMs(lastsMs);
    await this.mend(mend);
    this.timeline.note(`${what} ${target}: mended`);
    interval.to = Date.now();
    const name = `${what} ${target.replace(/-?\d.*/, '')}`;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  private async runLane(lane: Lane, signal: AbortSignal): Promise<void> {
    for (const fault of lane) {
      await forMs(fault.pauseMs);
      if (signal.aborted) return;
      await this.inflict(fault);
    }
  }

  /** What does not come back is found fault with, and must come back all the same. */
  private async mend(mend: () => unknown): Promise<void> {
    try {
      await mend();
    } catch (error) {
      this.onFinding(error instanceof Error ? error.message : String(error));
      this.timeline.note('could not be mended, once more');
      await mend();
    }
  }

  /** What undoes it. */
  private async break({ what, target }: PlannedFault): Promise<() => unknown> {
    const process = this.fleet.processes.get(target);
    if (process === undefined || what === 'isolate') {
      return target === 'redis' || target === 'mariadb'
        ? this.breakStore(what, this.fleet[target])
        : this.breakWires(what, target);
    }
    if (what === 'freeze') return frozen(process);
    await process.kill();
    return () => process.restart(UP_WITHIN_MS);
  }

  private async breakStore(what: string, store: Fleet['redis'] | Fleet['mariadb']): Promise<() => unknown> {
    if (what === 'freeze') return frozen(store);
    if (what === 'flush' && 'flush' in store) {
      await store.flush();
      return () => undefined;
    }
    await store.kill();
    return () => store.start();
  }

  private breakWires(what: string, target: string): () => unknown {
    const wires = [...this.fleet.wires].filter(([name]) => `${name} `.startsWith(`${target} `));
    for (const [, wire] of wires) {
      if (what === 'cut') wire.cut();
      else if (what === 'slow') wire.delay(300);
      else wire.silence();
    }
    return () => Promise.all(wires.map(([name, wire]) => mended(name, wire)));
  }
}

/**
 * What a silent wire held back arrives when it is mended, hours after its sender has died if need be. Not so an upload: nobody
 * would look for the file of an attempt that was cleaned up after long ago. CHAOS_LATE_UPLOADS=1 lets it arrive.
 */
async function mended(name: string, wire: TcpProxy): Promise<void> {
  if (name.endsWith(' to data-manager') && process.env.CHAOS_LATE_UPLOADS !== '1') wire.cut();
  await wire.mend();
}

function frozen(it: { freeze(): void; thaw(): void }): () => void {
  it.freeze();
  return () => {
    it.thaw();
  };
}
