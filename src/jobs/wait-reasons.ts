import { Injectable } from '@nestjs/common';
import { hasAll, labelsIn } from '../kernel/agent-labels.js';
import { Clock } from '../kernel/clock.js';
import { Fresh } from './fresh.js';
import { AgentDirectory, type LiveAgent } from './agents/agent-directory.js';
import { type JobRow } from './job.entity.js';
import { RunningPlaces } from './running-places.js';
import { type Ahead, MOST_COUNTED, WaitingLine } from './waiting-line.js';

/** Whoever asks why a job waits may ask often: so long it is taken for still true who runs how much, in ms. */
const FRESH_MS = 250;

interface Workforce {
  readonly agents: readonly LiveAgent[];
  readonly held: ReadonlyMap<string, number>;
}

/** Why jobs wait, in words for a person. */
@Injectable()
export class WaitReasons {
  private readonly workforce: Fresh<Workforce>;

  constructor(
    private readonly directory: AgentDirectory,
    private readonly places: RunningPlaces,
    private readonly line: WaitingLine,
    private readonly clock: Clock,
  ) {
    this.workforce = new Fresh(() => this.lookAround(), FRESH_MS, clock);
  }

  /**
   * Of a job that is queued: that nobody may run it, or no more of its owner's; for when it is put off; that all are busy, and what is
   * ahead of it; then what became of the attempt before. Null where it is about to begin.
   */
  async of(row: JobRow): Promise<string | null> {
    const labels = labelsIn(row.requires);
    const why =
      (await this.directory.whyNoneCanRun(labels)) ??
      (await this.places.whyNoMore(row.owner)) ??
      this.whyLater(row) ??
      (await this.whyBusy(row, labels));
    if (why === null || row.reason === null) return why ?? row.reason;
    return `${why} Attempt ${String(row.attempt)}: ${row.reason}`;
  }

  private whyLater({ notBefore }: JobRow): string | null {
    const seconds = notBefore === null ? 0 : Math.ceil((notBefore - this.clock.now()) / 1_000);
    return seconds <= 0 ? null : `It is tried again in ${String(seconds)} s.`;
  }

  private async whyBusy(row: JobRow, labels: readonly string[]): Promise<string | null> {
    const { agents, held } = await this.workforce.get();
    const able = agents.filter((agent) => hasAll(agent.labels, labels));
    const places = able.reduce((sum, { concurrency }) => sum + concurrency, 0);
    const taken = able.reduce(
      (sum, { name, concurrency }) => sum + Math.min(concurrency, held.get(name) ?? 0),
      0,
    );
    if (taken < places) return null;
    return `${String(taken)} of ${String(places)} places busy; ${wordsFor(await this.line.aheadOf(row))}.`;
  }

  private async lookAround(): Promise<Workforce> {
    const [agents, jobs] = await Promise.all([this.directory.live(), this.line.held()]);
    const held = new Map<string, number>();
    for (const { agent } of jobs) held.set(agent, (held.get(agent) ?? 0) + 1);
    return { agents, held };
  }
}

function wordsFor({ jobs, hasOthers }: Ahead): string {
  const count = jobs > MOST_COUNTED ? `more than ${MOST_COUNTED.toLocaleString('en')}` : String(jobs);
  return `${count} ahead of it${hasOthers ? ', and users take turns' : ''}`;
}
