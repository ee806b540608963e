import { Inject, Injectable } from '@nestjs/common';
import { LiveAgents } from '../../execution/job-dispatcher.port.js';
import { type AgentCard } from '../../execution/job-reports.port.js';
import { LIMIT_WORDS, type LimitName, limitNamesIn } from '../../execution/limits.port.js';
import { hasAll, labelSetText, labelsIn } from '../../kernel/agent-labels.js';
import { Clock } from '../../kernel/clock.js';
import { Fresh } from '../fresh.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { type AgentRow } from './agent.entity.js';
import { AgentsRepository } from './agents.repository.js';
import { Groups } from './groups.js';

/** Whoever asks why a job waits may ask often: so long the answer is taken for still true, in ms. */
const FRESH_MS = 500;
/** Some 600 bytes each at the most: far below what a database takes as one statement. */
const SIGNS_AT_ONCE = 500;

/** An agent that is alive. */
export interface LiveAgent extends AgentCard {
  /** Ms since the epoch. */
  readonly seenAt: number;
}

type AgentKind = Pick<AgentCard, 'labels' | 'enforces'>;

/** Which agents are alive: those that gave a sign of life within the time after which they would be lost. */
@Injectable()
export class AgentDirectory extends LiveAgents {
  private readonly signs = new Groups((agents: readonly AgentCard[]) => this.note(agents), SIGNS_AT_ONCE);
  private readonly recentKinds: Fresh<readonly AgentKind[]>;

  constructor(
    private readonly agents: AgentsRepository,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {
    super();
    this.recentKinds = new Fresh(() => this.kinds(), FRESH_MS, clock);
  }

  /** Notes a sign of life. */
  saw(agent: AgentCard): Promise<void> {
    return this.signs.ask(agent);
  }

  /** Of the process of an agent that is alive, or null. */
  generationOf(name: string): Promise<number | null> {
    return this.agents.generationOf(name, this.lostSince());
  }

  async forget({ name, generation }: AgentCard): Promise<void> {
    await this.agents.remove(name, generation);
  }

  /** By name. */
  async live(): Promise<readonly LiveAgent[]> {
    const rows = await this.agents.seenSince(this.lostSince());
    return rows.map((row) => ({ ...row, ...kindOf(row) }));
  }

  async labelSets(): Promise<readonly (readonly string[])[]> {
    const sets = new Set((await this.kinds()).map(({ labels }) => labelSetText(labels)));
    return [...sets].map(labelsIn);
  }

  /** One sentence for a person where no live agent may run what requires `labels`; null where one may. */
  async whyNoneCanRun(labels: readonly string[]): Promise<string | null> {
    const live = await this.recentKinds.get();
    if (live.some((kind) => hasAll(kind.labels, labels))) return null;
    if (live.length === 0) return 'No agent is alive that could run it.';
    const wanted = `the ${labels.length === 1 ? 'label' : 'labels'} ${labels.join(', ')}`;
    return `No live agent has ${wanted}, which it requires.`;
  }

  /** Those of `limits` that not every live agent can enforce which may run what requires `labels`. */
  async notEnforced(limits: readonly LimitName[], labels: readonly string[]): Promise<LimitName[]> {
    const able = (await this.recentKinds.get()).filter((kind) => hasAll(kind.labels, labels));
    return limits.filter((limit) => !able.every(({ enforces }) => enforces.includes(limit)));
  }

  /** Whoever gave no sign of life since then is lost. */
  private lostSince(): number {
    return this.clock.now() - this.options.agentLostSeconds * 1_000;
  }

  private async note(agents: readonly AgentCard[]): Promise<undefined[]> {
    const seenAt = this.clock.now();
    const rows = agents.map(({ labels, enforces, ...agent }) => ({
      ...agent,
      labels: labelSetText(labels),
      enforces: enforces.map((limit) => LIMIT_WORDS[limit]).join(),
      seenAt,
    }));
    await this.agents.save(rows, this.lostSince());
    return agents.map(() => undefined);
  }

  private async kinds(): Promise<AgentKind[]> {
    return (await this.agents.kindsSince(this.lostSince())).map(kindOf);
  }
}

function kindOf({ labels, enforces }: Pick<AgentRow, 'labels' | 'enforces'>): AgentKind {
  return { labels: labelsIn(labels), enforces: limitNamesIn(enforces.split(',')) };
}
